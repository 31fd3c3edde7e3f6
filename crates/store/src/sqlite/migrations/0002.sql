-- Issues that people work on, alert rules, and the counters that rules ask for.

-- Status, substatus and priority are the codes of model::issue. A snooze belongs to an ignored issue, a release to a resolved one.
alter table issue add column status integer not null default 0 check (status between 0 and 2);
alter table issue add column substatus integer not null default 1 check (substatus between 0 and 5);
alter table issue add column changed_ms integer not null default 0;
alter table issue add column priority integer not null default 75 check (priority in (25, 50, 75));
alter table issue add column snooze_until_ms integer check (snooze_until_ms is null or status = 2);
alter table issue add column snooze_events integer check (snooze_events is null or status = 2);
alter table issue add column snooze_users integer check (snooze_users is null or status = 2);
alter table issue add column resolved_in text check (resolved_in is null or status = 1);
alter table issue add column resolved_next integer not null default 0
  check (resolved_next in (0, 1) and (resolved_next = 0 or resolved_in is not null));
alter table issue add column users integer not null default 0 check (users between 0 and count);
alter table issue add column first_release text;
alter table issue add column last_release text;
alter table issue add column logger text not null default '';
alter table issue add column metadata text not null default '{}';
alter table issue add column unhandled integer not null default 0 check (unhandled in (0, 1));
-- A deleted issue keeps its row until its last event is gone; no hash leads to it any more.
alter table issue add column deleted integer not null default 0 check (deleted in (0, 1));
create index issue_last_seen on issue (project_id, last_seen_ms, id);
create index issue_first_seen on issue (project_id, first_seen_ms, id);
create index issue_deleted on issue (id) where deleted = 1;

-- What the event did to its issue: 0 made it, 1 regressed, 2 reappeared, 3 repeated.
alter table event add column turn integer not null default 3 check (turn between 0 and 3);
alter table event add column new_in_environment integer not null default 0 check (new_in_environment in (0, 1));

-- An event without an environment counts under the empty text.
create table issue_environment (
  project_id integer not null,
  issue_id integer not null,
  environment text not null,
  first_seen_ms integer not null,
  primary key (project_id, issue_id, environment)
) strict, without rowid;
create index issue_environment_name on issue_environment (project_id, environment);

-- The first eight bytes of a hash over the user's id, name, address or network address.
create table issue_user (
  project_id integer not null,
  issue_id integer not null,
  user integer not null,
  primary key (project_id, issue_id, user)
) strict, without rowid;

create table issue_tag (
  project_id integer not null,
  issue_id integer not null,
  key text not null,
  value text not null,
  primary key (project_id, issue_id, key, value)
) strict, without rowid;

create table issue_hour (
  project_id integer not null,
  issue_id integer not null,
  hour_s integer not null check (hour_s % 3600 = 0),
  events integer not null check (events > 0),
  primary key (project_id, issue_id, hour_s)
) strict, without rowid;

-- When a project's environment first saw a release; under the empty text, when the project did.
create table release_seen (
  project_id integer not null,
  environment text not null,
  version text not null,
  first_seen_ms integer not null,
  primary key (project_id, environment, version)
) strict, without rowid;
create index release_seen_first on release_seen (project_id, environment, first_seen_ms);

-- Nodes and actions are JSON lists as the user wrote them; 0 all, 1 any, 2 none.
create table rule (
  id integer primary key autoincrement,
  project_id integer not null,
  name text not null,
  environment text,
  action_match integer not null check (action_match between 0 and 2),
  filter_match integer not null check (filter_match between 0 and 2),
  conditions text not null check (json_valid(conditions)),
  filters text not null check (json_valid(filters)),
  actions text not null check (json_valid(actions)),
  frequency_minutes integer not null check (frequency_minutes between 5 and 43200),
  owner text,
  active integer not null check (active in (0, 1)),
  created_by integer,
  created_ms integer not null,
  snoozed_ms integer,
  snoozed_until_ms integer check (snoozed_until_ms is null or snoozed_ms is not null),
  snoozed_by integer,
  deleted integer not null default 0 check (deleted in (0, 1))
) strict;
create index rule_project on rule (project_id);
create index rule_deleted on rule (id) where deleted = 1;

-- Which counter which rule asks for, and how far back: the reach is part of the key. A counter that no rule asks for goes.
create table rule_counter (
  project_id integer not null,
  key integer not null,
  rule_id integer not null,
  counts_users integer not null check (counts_users in (0, 1)),
  bucket_s integer not null check (bucket_s > 0),
  reach_s integer not null check (reach_s > 0),
  primary key (project_id, key, rule_id)
) strict, without rowid;
create index rule_counter_rule on rule_counter (rule_id);

-- A counter that does not know yet what was recorded before it was asked for: events below `below_seq`, down to its reach.
create table counter_fill (
  project_id integer not null,
  key integer not null,
  below_seq integer not null check (below_seq > 0),
  primary key (project_id, key)
) strict, without rowid;

create table issue_count (
  project_id integer not null,
  key integer not null,
  issue_id integer not null,
  bucket_s integer not null,
  events integer not null check (events > 0),
  primary key (project_id, key, issue_id, bucket_s)
) strict, without rowid;

create table issue_user_count (
  project_id integer not null,
  key integer not null,
  issue_id integer not null,
  bucket_s integer not null,
  user integer not null,
  primary key (project_id, key, issue_id, bucket_s, user)
) strict, without rowid;

-- When a rule last fired for an issue: kept as long as the longest frequency.
create table rule_throttle (
  project_id integer not null,
  issue_id integer not null,
  rule_id integer not null,
  fired_ms integer not null,
  primary key (project_id, issue_id, rule_id)
) strict, without rowid;

-- What fired, and what the store's state had that decided it: a JSON list.
create table rule_fired (
  project_id integer not null,
  rule_id integer not null,
  seq integer not null,
  issue_id integer not null,
  fired_ms integer not null,
  because text not null check (json_valid(because)),
  primary key (project_id, rule_id, seq)
) strict, without rowid;

-- Which events a hook wants: a JSON list of nodes, and how many of them must hold.
alter table hook add column filters text not null default '[]' check (json_valid(filters));
alter table hook add column filter_match integer not null default 0 check (filter_match between 0 and 2);

-- The teams of a project, in the order in which they were given it. None is possible: the last one may be deleted.
create table project_team (
  id integer primary key,
  project_id integer not null references project,
  team_id integer not null references team,
  unique (project_id, team_id)
) strict;
create index project_team_of_team on project_team (team_id);
insert into project_team (project_id, team_id)
select id, team_id from project where deleted = 0 and team_id is not null;
alter table project drop column team_id;
