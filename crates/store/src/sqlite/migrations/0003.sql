-- Delivery that operators trust: settings, secrets and standing of hooks, deliveries that are sent again, limits of keys.

-- `secret`, `previous_secret` and `headers` are sealed; those of an older Watchfire are sealed when the store is unlocked.
-- Retries: 0 none, 1 exponential. When the circuit is open: 0 wait, 1 skip. Disabled by: 1 a person, 2 answers of 410 Gone.
create table hook_next (
  number integer primary key autoincrement check (number between 1 and 268435455),
  guid blob not null unique check (length(guid) = 16),
  project_id integer not null references project,
  url text not null,
  secret blob not null check (length(secret) >= 64),
  previous_secret blob check (length(previous_secret) >= 64),
  previous_until_ms integer,
  kinds integer not null check (kinds between 0 and 3),
  filters text not null default '[]' check (json_valid(filters)),
  filter_match integer not null default 0 check (filter_match between 0 and 2),
  timeout_ms integer not null default 5000 check (timeout_ms between 1000 and 30000),
  retries integer not null default 0 check (retries in (0, 1)),
  concurrency integer not null default 16 check (concurrency between 1 and 64),
  max_age_s integer not null default 86400 check (max_age_s between 60 and 86400),
  when_open integer not null default 0 check (when_open in (0, 1)),
  headers blob,
  active integer not null check (active in (0, 1)),
  disabled_by integer check (disabled_by in (1, 2)),
  created_ms integer not null,
  deleted integer not null default 0 check (deleted in (0, 1)),
  check (deleted = 0 or active = 0),
  check (active = 0 or disabled_by is null),
  check ((previous_secret is null) = (previous_until_ms is null))
) strict;
insert into hook_next (number, guid, project_id, url, secret, kinds, filters, filter_match, active, disabled_by, created_ms, deleted)
select number, guid, project_id, url, cast(secret as blob), kinds, filters, filter_match, active,
       iif(active = 0 and deleted = 0, 1, null), created_ms, deleted
from hook;
-- A number is never given twice, not even that of the newest hook after it is gone.
delete from sqlite_sequence where name = 'hook_next';
insert into sqlite_sequence (name, seq) select 'hook_next', seq from sqlite_sequence where name = 'hook';
drop table hook;
alter table hook_next rename to hook;
create index hook_project on hook (project_id);

-- How a hook's receiver stands: what the circuit goes by, for all processes. A hook that never had an attempt has no row.
create table hook_standing (
  hook integer primary key,
  failures integer not null check (failures >= 0),
  broken integer not null check (broken >= 0),
  unsent integer not null check (unsent >= 0),
  failing_since_ms integer,
  opened_ms integer,
  probes integer not null check (probes >= 0),
  probed_ms integer,
  paused_until_ms integer,
  gone_ms integer,
  succeeded_ms integer,
  failed_ms integer,
  check (opened_ms is not null or (probes = 0 and probed_ms is null)),
  check (unsent <= broken and broken <= failures),
  check ((failures = 0) = (failing_since_ms is null))
) strict;

-- Sent again: `again_ms` says when that was asked for (0: never), `sent_before` how many attempts had gone out until then.
create table delivery_next (
  project_id integer not null,
  hook integer not null,
  day integer not null,
  seq integer not null,
  kind integer not null check (kind in (1, 2, 3)),
  state integer not null check (state between 0 and 6),
  priority integer not null check (priority between 0 and 2),
  due_ms integer,
  owner integer,
  attempts integer not null default 0,
  sent integer not null default 0,
  created_ms integer not null,
  settled_ms integer,
  body blob,
  again_ms integer not null default 0 check (again_ms >= 0),
  sent_before integer not null default 0,
  primary key (project_id, hook, day, seq, kind),
  check ((state = 0) = (due_ms is not null)),
  check ((state = 1) = (owner is not null)),
  check ((state >= 2) = (settled_ms is not null)),
  check (state <> 2 or sent > 0),
  check (sent between 0 and attempts),
  check (day = created_ms / 86400000),
  check ((kind = 1) = (body is null)),
  check (sent_before between 0 and sent),
  check (again_ms > 0 or sent_before = 0)
) strict, without rowid;
insert into delivery_next (project_id, hook, day, seq, kind, state, priority, due_ms, owner, attempts, sent, created_ms,
                           settled_ms, body)
select project_id, hook, day, seq, kind, state, priority, due_ms, owner, attempts, sent, created_ms, settled_ms, body
from delivery;
drop table delivery;
alter table delivery_next rename to delivery;
create index delivery_leased on delivery (owner) where owner is not null;
-- With what claims and sweep ask beside the order, so that neither looks at the rows of what it does not take.
create index delivery_waiting on delivery (hook, priority, due_ms, created_ms, sent, again_ms, sent_before) where state = 0;
-- With what a replay asks.
create index delivery_unsent on delivery (hook, seq, kind, state, created_ms) where state > 2;

-- Peer: the code of model::egress's class of the address that was connected to.
alter table attempt add column peer integer;
alter table attempt add column certificate_ms integer;

-- A replay of a period. States: a set of bits, 1 failed, 2 expired, 4 cancelled, 8 skipped. State: 0 runs, 1 done, 2 stopped.
create table replay (
  id integer primary key autoincrement,
  hook integer not null,
  since_ms integer not null,
  until_ms integer not null,
  states integer not null check (states between 1 and 15),
  state integer not null check (state between 0 and 2),
  after_seq integer not null,
  after_kind integer not null,
  found integer not null check (found >= 0),
  sent_again integer not null check (sent_again >= 0),
  created_ms integer not null,
  ended_ms integer,
  check (since_ms <= until_ms),
  check ((state = 0) = (ended_ms is null))
) strict;
create unique index replay_running on replay (hook) where state = 0;
create index replay_of_hook on replay (hook, id);

-- So many events in each window: both or neither.
alter table project_key add column rate_limit_count integer check (rate_limit_count >= 0);
alter table project_key add column rate_limit_window_s integer
  check (rate_limit_window_s > 0 and (rate_limit_count is null) = (rate_limit_window_s is null));
