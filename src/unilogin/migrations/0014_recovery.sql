-- Getting back in: windows of five minutes that an adult opens for a pupil, and leave to set a new secret.

create table credentials_window (
  window_id       uuid primary key default kit_uuid7(),
  account_id      uuid not null references directory_account,   -- the pupil it is for
  kind            text not null check (kind in ('parent', 'teacher')),
  opened_by       uuid not null references directory_account,
  institution_id  uuid references directory_institution,        -- where the opener reaches the pupil; a parent anywhere
  opened_at       timestamptz not null default kit_now(),
  expires_at      timestamptz not null,
  claimed_at      timestamptz,
  claimed_in      uuid,                                         -- the journey that claimed it
  claimed_on      text,                                         -- what that browser calls itself
  tries           smallint not null default 0,                  -- tries to claim it that came too late
  cancelled_at    timestamptz,
  check (claimed_at is null or cancelled_at is null),
  check ((claimed_at is null) = (claimed_in is null))
);
-- One window a pupil and opener: to press twice opens the same one anew.
create unique index credentials_window_open on credentials_window (account_id, opened_by)
  where claimed_at is null and cancelled_at is null;
create index credentials_window_by_pupil on credentials_window (account_id, opened_at);
create index credentials_window_by_opener on credentials_window (opened_by, opened_at);

-- Leave to set a new secret for one account in one journey, given by a proof (V-39). One a journey: a new proof
-- replaces the one before. Goes with its journey.
create table recovery_permit (
  permit_id   uuid primary key default gen_random_uuid(),
  journey_id  uuid not null unique references signin_journey on delete cascade,
  account_id  uuid not null references directory_account,
  proof       text not null check (proof in ('mitid', 'password', 'parent', 'parent window', 'teacher window')),
  level       text not null,                     -- the session's level afterwards: what was proved, never more (N-12)
  helper_id   uuid references directory_account, -- the parent who proved it, or who opened the window
  given_at    timestamptz not null default kit_now(),
  expires_at  timestamptz not null,
  type        text check (type in ('pictures', 'words', 'password')),  -- of the secret that was assigned
  assigned    bytea,          -- that secret, sealed under a key outside the database, until its first success (RW-8)
  set_at      timestamptz,    -- the assigned secret is the account's since then
  used_at     timestamptz,    -- signed in: leave is over
  check (helper_id is not null or proof in ('mitid', 'password')),
  check (assigned is null or (set_at is not null and type is not null and used_at is null))
);
create index recovery_permit_by_expiry on recovery_permit (expires_at);

-- Who has proved with MitID in a journey who they are, to be told their own and their children's usernames.
create table recovery_reader (
  journey_id  uuid primary key references signin_journey on delete cascade,
  account_id  uuid not null references directory_account,
  level       text not null,
  expires_at  timestamptz not null
);
create index recovery_reader_by_expiry on recovery_reader (expires_at);

grant select, insert, update, delete on credentials_window, recovery_permit, recovery_reader to unilogin_run;
