-- When a hook was disabled; of those that were disabled before this, nobody knows.
alter table hook add column disabled_ms integer check (disabled_ms is null or active = 0);
