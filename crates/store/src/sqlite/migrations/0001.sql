-- The first schema. Times are Unix milliseconds, `day` is the UTC day of receipt, counted from 1970-01-01.

create table meta (
  name text primary key,
  value any not null
) strict, without rowid;
insert into meta (name, value) values ('directory_version', 1), ('seq', 0), ('probes', 0);

create table organization (
  id integer primary key autoincrement,
  slug text not null unique,
  name text not null,
  created_ms integer not null
) strict;

create table team (
  id integer primary key autoincrement,
  organization_id integer not null references organization,
  slug text not null,
  name text not null,
  created_ms integer not null,
  unique (organization_id, slug)
) strict;

create table project (
  id integer primary key autoincrement,
  organization_id integer not null references organization,
  team_id integer references team,
  slug text not null,
  name text not null,
  platform text,
  scrub integer not null default 1 check (scrub in (0, 1)),
  allowed_domains text not null default '*',
  generation integer not null default 1,
  issues_made integer not null default 0,
  created_ms integer not null,
  deleted integer not null default 0 check (deleted in (0, 1))
) strict;
create unique index project_slug on project (organization_id, slug) where deleted = 0;
create index project_deleted on project (id) where deleted = 1;

create table former_slug (
  organization_id integer not null,
  slug text not null,
  project_id integer not null,
  primary key (organization_id, slug)
) strict, without rowid;

create table project_key (
  public blob primary key check (length(public) = 16),
  secret blob not null check (length(secret) = 16),
  project_id integer not null references project,
  name text not null,
  active integer not null check (active in (0, 1)),
  created_ms integer not null
) strict, without rowid;
create index project_key_project on project_key (project_id);

create table hook (
  number integer primary key autoincrement check (number between 1 and 268435455),
  guid blob not null unique check (length(guid) = 16),
  project_id integer not null references project,
  url text not null,
  secret text not null check (length(secret) = 64),
  kinds integer not null check (kinds between 0 and 3),
  active integer not null check (active in (0, 1)),
  created_ms integer not null,
  deleted integer not null default 0 check (deleted in (0, 1)),
  check (deleted = 0 or active = 0)
) strict;
create index hook_project on hook (project_id);

create table user (
  id integer primary key autoincrement,
  email text not null unique collate nocase,
  password_hash text not null,
  created_ms integer not null
) strict;

create table token (
  id integer primary key autoincrement,
  hash blob not null unique check (length(hash) = 32),
  name text not null,
  scopes text not null,
  last_characters text not null,
  user_id integer references user,
  created_ms integer not null
) strict;

-- A process that leases deliveries. On the embedded store the folder's lock stands for its beat.
create table process (
  id integer primary key autoincrement,
  started_ms integer not null,
  dead_ms integer
) strict;

-- An issue has at least one event: it goes with its last one.
create table issue (
  id integer primary key autoincrement,
  project_id integer not null,
  short_number integer not null check (short_number > 0),
  grouping_version integer not null,
  level integer not null check (level between 0 and 4),
  kind integer not null check (kind between 0 and 2),
  platform text not null,
  title text not null,
  culprit text not null,
  count integer not null check (count > 0),
  first_seen_ms integer not null,
  last_seen_ms integer not null,
  unique (project_id, short_number)
) strict;

create table issue_hash (
  project_id integer not null,
  version integer not null,
  hash blob not null check (length(hash) = 16),
  issue_id integer not null,
  primary key (project_id, version, hash)
) strict, without rowid;
create index issue_hash_issue on issue_hash (issue_id);

-- `seq` alone finds an event; the narrow tables lead to it.
create table event (
  seq integer primary key,
  project_id integer not null,
  issue_id integer not null,
  day integer not null,
  event_id blob not null check (length(event_id) = 16),
  received_ms integer not null check (received_ms between 0 and 281474976710655),
  timestamp_ms integer not null,
  level integer not null check (level between 0 and 4),
  hop integer not null check (hop between 0 and 255),
  head blob not null,
  value blob not null,
  tail blob not null,
  check (day = received_ms / 86400000)
) strict;

create table event_key (
  project_id integer not null,
  day integer not null,
  event_id blob not null,
  seq integer not null,
  primary key (project_id, day, event_id)
) strict, without rowid;

create table event_of_issue (
  project_id integer not null,
  issue_id integer not null,
  seq integer not null,
  primary key (project_id, issue_id, seq)
) strict, without rowid;

create table event_of_project (
  project_id integer not null,
  seq integer not null,
  primary key (project_id, seq)
) strict, without rowid;

-- The table is the state machine: 0 waiting, 1 sending, 2 delivered, 3 failed, 4 expired, 5 cancelled, 6 skipped.
create table delivery (
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
  primary key (project_id, hook, day, seq, kind),
  check ((state = 0) = (due_ms is not null)),
  check ((state = 1) = (owner is not null)),
  check ((state >= 2) = (settled_ms is not null)),
  check (state <> 2 or sent > 0),
  check (sent between 0 and attempts),
  check (day = created_ms / 86400000),
  check ((kind = 2) = (body is not null))
) strict, without rowid;
create index delivery_leased on delivery (owner) where owner is not null;
-- With what claims and sweep ask beside the order, so that neither looks at the rows of what it does not take.
create index delivery_waiting on delivery (hook, priority, due_ms, created_ms, sent) where state = 0;
create index delivery_unsent on delivery (hook, seq) where state > 2;

-- Outcomes and causes are the codes of model::attempt. What never went out and ends as the attempt before it is folded into that
-- row: `repeats` counts, `started_ms` is the last start, `first_started_ms` the first.
create table attempt (
  project_id integer not null,
  hook integer not null,
  day integer not null,
  seq integer not null,
  kind integer not null,
  number integer not null check (number > 0),
  owner integer not null,
  started_ms integer not null,
  first_started_ms integer,
  repeats integer not null default 1 check (repeats > 0),
  outcome integer not null check (outcome between 1 and 7),
  cause integer not null,
  went_out integer not null check (went_out in (0, 1)),
  status integer check (status between 100 and 999),
  reused integer not null check (reused in (0, 1)),
  duration_us integer not null check (duration_us >= 0),
  resolve_us integer not null,
  connect_us integer not null,
  tls_us integer not null,
  first_byte_us integer not null,
  error text not null,
  response_headers text not null,
  response_body text not null,
  primary key (project_id, hook, day, seq, kind, number),
  check ((repeats > 1) = (first_started_ms is not null)),
  check (repeats = 1 or went_out = 0),
  check (outcome not in (1, 2) or status is not null),
  check (outcome not in (1, 2, 7) or went_out = 1)
) strict, without rowid;

-- Each attempt in one row: upkeep moves counts to the next coarser resolution as they age.
create table hook_count (
  hook integer not null,
  resolution_s integer not null check (resolution_s in (10, 3600, 86400)),
  start_s integer not null,
  attempts integer not null check (attempts > 0),
  primary key (hook, resolution_s, start_s)
) strict, without rowid;
