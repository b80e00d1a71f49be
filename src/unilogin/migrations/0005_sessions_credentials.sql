-- Sessions of people in browsers, and the secrets they prove themselves with.

create table sessions_session (
  session_id    uuid primary key default gen_random_uuid(),   -- sid in tokens; not a secret
  token_hash    bytea not null unique,                        -- SHA-256 of the cookie's 256 random bits
  account_id    uuid not null references directory_account,
  method        text not null,                                -- pictures, words, password, mitid …
  level         text not null,                                -- EnFaktor, ToFaktor
  device        text not null check (device in ('shared', 'own')),
  browser       text not null default '',                     -- what the browser calls itself, for the list of devices
  auth_time     timestamptz not null default kit_now(),
  seen_at       timestamptz not null default kit_now(),
  idle_seconds  integer not null,
  expires_at    timestamptz not null,
  ended_at      timestamptz,
  ended_why     text
);
create index sessions_session_by_account on sessions_session (account_id) where ended_at is null;

create table sessions_visit (                 -- the services a session was used for, and as whom
  session_id   uuid not null references sessions_session on delete cascade,
  service_id   uuid not null references services_service,
  actor_group  text not null,
  first_at     timestamptz not null default kit_now(),
  primary key (session_id, service_id)
);

create table credentials_password (
  account_id      uuid primary key references directory_account,
  type            text not null check (type in ('pictures', 'words', 'password')),
  hash            text not null,              -- Argon2id, PHC string
  pepper_version  smallint not null,
  set_at          timestamptz not null default kit_now()
);

grant select, insert, update, delete on sessions_session to unilogin_run;
grant select, insert, update, delete on sessions_visit to unilogin_run;
grant select, insert, update on credentials_password to unilogin_run;
