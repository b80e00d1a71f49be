-- Being surer of somebody who is signed in already: an adult vouches for a pupil, or more is proved than at first.

-- How sure a session is stands in two columns that are read together: what its owner proved, and until when an adult's
-- word adds to that. One row, so that every statement that reads a session sees both.
alter table sessions_session
  add column vouched_until timestamptz,
  add column succeeded_by uuid,               -- the session that took its place when its owner proved more (N-18)
  add constraint sessions_session_vouched check (vouched_until is null or level = 'EnFaktor');
create index sessions_session_by_successor on sessions_session (succeeded_by) where succeeded_by is not null;

create table sessions_vouch (                 -- an adult vouched for the pupil of one session (VoksenVerificeret)
  vouch_id    uuid primary key default kit_uuid7(),
  session_id  uuid not null references sessions_session on delete cascade,
  kind        text not null check (kind in ('parent', 'teacher')),
  vouched_by  uuid not null references directory_account,
  service_id  uuid not null references services_service,      -- the one that asked for it
  vouched_at  timestamptz not null default kit_now(),
  expires_at  timestamptz not null
);
create index sessions_vouch_by_session on sessions_vouch (session_id);

create table sessions_vouch_request (         -- a pupil waits for a teacher's word
  request_id      uuid primary key default kit_uuid7(),
  session_id      uuid not null references sessions_session on delete cascade,
  service_id      uuid not null references services_service,
  asked_at        timestamptz not null default kit_now(),
  expires_at      timestamptz not null,
  answered_at     timestamptz,
  answered_by     uuid references directory_account,
  institution_id  uuid references directory_institution,      -- where the teacher who answered reaches the pupil
  approved        boolean,
  cancelled_at    timestamptz,
  check ((answered_at is null) = (approved is null)),
  check ((answered_at is null) = (answered_by is null)),
  check (answered_at is null or cancelled_at is null)
);
create unique index sessions_vouch_request_open on sessions_vouch_request (session_id, service_id)
  where answered_at is null and cancelled_at is null;
create index sessions_vouch_request_by_expiry on sessions_vouch_request (expires_at);

create table sessions_waiver (                -- in this session, this service's wish for more was turned down
  session_id  uuid not null references sessions_session on delete cascade,
  service_id  uuid not null references services_service,
  primary key (session_id, service_id)
);

-- A journey whose person is signed in, but less surely than the service insists on or wishes.
alter table signin_journey add column lacking text check (lacking in ('insisted', 'wished'));

-- Without which level the person would not have entered: when a session is no longer that sure, the grant means nothing.
alter table oidc_grant add column insisted_level text;

grant select, insert, delete on sessions_vouch, sessions_waiver to unilogin_run;
grant select, insert, update, delete on sessions_vouch_request to unilogin_run;
