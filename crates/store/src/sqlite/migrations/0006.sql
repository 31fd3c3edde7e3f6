-- Events of a project, by the hour in which they were received.
create table project_hour (
  project_id integer not null,
  hour_s integer not null check (hour_s % 3600 = 0),
  events integer not null check (events > 0),
  primary key (project_id, hour_s)
) strict, without rowid;
create index project_hour_by_age on project_hour (hour_s);

-- Attempts of a hook, tests aside, by the hour in which they began, by what came of them and how long they took. The bucket is
-- that of `model::latency`.
create table hook_outcome (
  hook integer not null,
  hour_s integer not null check (hour_s % 3600 = 0),
  outcome integer not null,
  bucket integer not null check (bucket between 0 and 63),
  attempts integer not null check (attempts > 0),
  primary key (hook, hour_s, outcome, bucket)
) strict, without rowid;
