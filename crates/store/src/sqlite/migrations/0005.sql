-- Who belongs to an organization, and as what: 0 read-only, 1 member, 2 admin. Whoever could sign in before may do everything.
create table member (
  organization_id integer not null references organization,
  user_id integer not null references user,
  role integer not null check (role between 0 and 2),
  created_ms integer not null,
  primary key (organization_id, user_id)
) strict, without rowid;
create index member_of_user on member (user_id, organization_id, role);
insert into member (organization_id, user_id, role, created_ms)
  select organization.id, user.id, 2, user.created_ms from organization, user;

-- A password that somebody else has seen: it is to be replaced at the first sign-in.
alter table user add column password_is_temporary integer not null default 0 check (password_is_temporary in (0, 1));

-- Somebody who has signed in. Hash: SHA-256 of the text in their cookie.
create table session (
  hash blob primary key check (length(hash) = 32),
  user_id integer not null references user,
  created_ms integer not null,
  expires_ms integer not null check (expires_ms > created_ms)
) strict, without rowid;
create index session_of_user on session (user_id);
create index session_expires on session (expires_ms);
