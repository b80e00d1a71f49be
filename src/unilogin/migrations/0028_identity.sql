-- Two accounts of one person become one, one account of two persons becomes two, and either is taken back; services are
-- told under the names they know. A school changes the system that delivers its people, and nobody notices.

create table identity_correction (
  correction_id   uuid primary key default kit_uuid7(),
  kind            text not null check (kind in ('merge', 'split')),
  kept_id         uuid not null references directory_account,   -- goes on
  other_id        uuid not null references directory_account,   -- merge: gave all it had; split: was made
  actor_kind      text not null,
  actor_id        text not null,
  made_at         timestamptz not null default kit_now(),
  kept_before     jsonb not null default '{}',                  -- of directory_person, sealed values stay sealed
  other_before    jsonb not null default '{}',
  kept_after      bytea,                                        -- the number the person was left with
  undone_at       timestamptz,
  undone_by_kind  text,
  undone_by_id    text,
  check (kept_id <> other_id)
);
create index identity_correction_by_kept on identity_correction (kept_id);
create index identity_correction_by_other on identity_correction (other_id);

create table identity_moved (                 -- rows that went from one account to the other, to find the way back
  correction_id  uuid not null references identity_correction,
  what           text not null,               -- which rows: domain/identity/moving.py
  keys           text[] not null,
  primary key (correction_id, what)
);
grant select, insert, update on identity_correction to unilogin_run;
grant select, insert on identity_moved to unilogin_run;

-- Where the name of an account leads that was merged into another one. Names are never given again (K-19).
alter table directory_account add column merged_into uuid references directory_account,
  add constraint directory_account_merged_elsewhere check (merged_into <> account_id);
create index directory_account_by_merged_into on directory_account (merged_into) where merged_into is not null;
alter table signin_journey add column named_as text;     -- what was typed, where that is the name of a merged account

-- A membership goes to another person only by the hand that says so; to nobody it never goes.
create function directory_keep_person() returns trigger
  language plpgsql set search_path = public, pg_temp as $$
begin
  if current_setting('unilogin.moving_people', true) is distinct from 'on' then
    raise foreign_key_violation using message = 'the person of a membership changes only when people are corrected';
  end if;
  return null;
end $$;
create function directory_check_person() returns trigger
  language plpgsql set search_path = public, pg_temp as $$
begin
  if not exists (select from directory_person where person_id = new.person_id) then
    raise foreign_key_violation using message = 'directory_membership.person_id refers to no row of directory_person';
  end if;
  return new;
end $$;
drop trigger directory_membership_keys on directory_membership;
create trigger directory_membership_keys before update of membership_id on directory_membership
  for each statement execute function directory_keep_keys();
create trigger directory_membership_person before update of person_id on directory_membership
  for each statement execute function directory_keep_person();
create trigger directory_membership_somebody before update of person_id on directory_membership
  for each row when (old.person_id is distinct from new.person_id) execute function directory_check_person();

-- Passkeys keep in the device for whom they were made; after a merge that is no longer whose they are.
alter table credentials_passkey add column made_for uuid;

grant update (account_id) on services_pairwise to unilogin_run;
grant update (account_id) on credentials_former to unilogin_run;
grant update (person_id) on directory_former_cpr to unilogin_run;

-- What a service knew somebody by and does no longer: told to its clients that want to know (RISC identifier-changed).
create table services_identifier_change (
  change_id      uuid primary key default kit_uuid7(),
  service_id     uuid not null references services_service,
  correction_id  uuid not null,
  format         text not null check (format in ('iss_sub', 'opaque')),   -- opaque: the uniid
  old_value      text not null,
  new_value      text not null,
  happened_at    timestamptz not null default kit_now(),
  announced_at   timestamptz,
  withdrawn_at   timestamptz                  -- taken back before everybody was told
);
create index services_identifier_change_new on services_identifier_change (happened_at) where announced_at is null;
create index services_identifier_change_by_correction on services_identifier_change (correction_id);
grant select, insert, update on services_identifier_change to unilogin_run;
alter table services_client
  add column events_wanted    boolean not null default false,
  add column events_push_uri  text,           -- RFC 8935; null: the client asks for them (RFC 8936)
  add constraint services_client_events check (events_wanted or events_push_uri is null);

create table oidc_event (                     -- one client to be told of one change (RFC 8417); no foreign keys, see 0007
  event_id      uuid primary key default gen_random_uuid(),   -- its jti, however often it is sent
  client_id     text not null,
  change_id     uuid not null,
  queued_at     timestamptz not null default kit_now(),
  next_try_at   timestamptz not null default kit_now(),
  attempts      integer not null default 0,
  last_answer   text,
  told_at       timestamptz,
  given_up_at   timestamptz,                  -- no longer pushed; the client may still ask for it
  unique (client_id, change_id)
);
create index oidc_event_waiting on oidc_event (client_id, next_try_at) where told_at is null;
create index oidc_event_by_time on oidc_event using brin (queued_at);
grant select, insert, update, delete on oidc_event to unilogin_run;

-- Change of source system (skift af administrationssystem), one institution at a time.
create table roster_switch (
  switch_id          uuid primary key default kit_uuid7(),
  institution_id     uuid not null references directory_institution,
  old_source         text not null,
  new_source         text not null,
  file_hash          bytea not null,          -- SHA-256 of the file that was looked at: no other one is loaded
  planned_at         timestamptz not null default kit_now(),
  actor_kind         text not null,
  actor_id           text not null,
  run_at             timestamptz,             -- the new system's people are here
  delivery_id        uuid,                    -- that brought them
  retire_at          timestamptz,             -- when the old system's people go; it is not listened to since the run
  retired_by         uuid,                    -- the delivery in whose name they went: the way back
  undone_at          timestamptz,
  check (old_source <> new_source)
);
create unique index roster_switch_open on roster_switch (institution_id) where run_at is null and undone_at is null;
create index roster_switch_due on roster_switch (retire_at)
  where run_at is not null and retired_by is null and undone_at is null;

create table roster_switch_person (           -- one person of the new system's first delivery, and who they are today
  switch_id        uuid not null references roster_switch on delete cascade,
  local_person_id  text not null,             -- what the new system calls them
  line             integer not null,
  how              text not null check (how in ('number', 'name', 'doubtful', 'new')),
  membership_id    uuid,                      -- theirs under the old system
  candidates       uuid[] not null default '{}',
  other_number     boolean not null default false,   -- theirs is not the one we know
  decided          text check (decided in ('same', 'new')),
  primary key (switch_id, local_person_id)
);

create table roster_source_not_heard (             -- systems whose deliveries for an institution are refused
  institution_id  uuid not null references directory_institution,
  source          text not null,
  since           timestamptz not null default kit_now(),
  primary key (institution_id, source)
);
grant select, insert, update, delete on roster_switch, roster_switch_person, roster_source_not_heard to unilogin_run;
