-- The live board of a class ("Min time"): who looks at which class now, and where its pupils stand in signing in.
-- Unlogged: nothing of a lesson reaches the write-ahead log, a backup or a replica, and noting it waits for no disk. After
-- a crash of the database the tables are empty, and boards begin anew.

create unlogged table signin_watch (          -- somebody has the board of a class open
  watch_id        uuid primary key default kit_uuid7(),
  group_key       uuid not null unique,       -- a class, or an institution for its pupils without one
  institution_id  uuid not null references directory_institution,
  began_at        timestamptz not null default kit_now(),
  expires_at      timestamptz not null        -- moved on by the open page, never past the end of a lesson
);
create index signin_watch_by_expiry on signin_watch (expires_at);

create unlogged table signin_watched (        -- a pupil of such a class, and the last thing that happened
  account_id  uuid not null references directory_account,
  watch_id    uuid not null references signin_watch on delete cascade,
  step        text check (step in ('named', 'wrong', 'elsewhere', 'signed in')),   -- null: nothing yet
  at          timestamptz,
  wrong       smallint not null default 0,    -- wrong secrets since the last sign-in
  service_id  uuid references services_service,
  primary key (account_id, watch_id),
  check ((step is null) = (at is null))
) with (fillfactor = 50);                     -- each row is changed often, and not for long
create index signin_watched_by_watch on signin_watched (watch_id);

grant select, insert, update, delete on signin_watch, signin_watched to unilogin_run;
