-- What a school's office decides on screen: when an old system's people go, whose work at services is whose, that a
-- delivery is taken back by two, its domain at Microsoft. And files of new systems, until a process has read them.

alter table roster_switch add column wanted_retire_at timestamptz;   -- when the old system's people go; null: at the run

-- A new system's first file that an office has handed in, packed and sealed until a process of its own has read it.
create table roster_switch_upload (
  upload_id       uuid primary key default kit_uuid7(),
  institution_id  uuid not null references directory_institution,
  old_source      text not null,
  file_hash       bytea not null,                -- SHA-256 of it as it came
  sent_by         uuid not null,                 -- the account
  sent_at         timestamptz not null default kit_now(),
  begun           integer not null default 0,    -- how many times somebody began to read it
  answered_at     timestamptz,
  answer          text,                          -- planned, or why not: roster/switching/uploads.py names them
  fields          jsonb not null default '{}',   -- of the sentence that says why not
  switch_id       uuid references roster_switch, -- the plan that came of it
  check ((answered_at is null) = (answer is null)),
  check ((switch_id is not null) = (answer is not distinct from 'planned'))
);
create index roster_switch_upload_waiting on roster_switch_upload (sent_at) where answered_at is null;
create index roster_switch_upload_by_institution on roster_switch_upload (institution_id, sent_at desc);
create table roster_switch_upload_part (
  upload_id  uuid not null references roster_switch_upload on delete cascade,
  number     integer not null,
  sealed     bytea not null,
  primary key (upload_id, number)
);
grant select, insert, update, delete on roster_switch_upload to unilogin_run;
grant select, insert, delete on roster_switch_upload_part to unilogin_run;

-- Who wants a delivery taken back that took access from adults: two must, as for a release.
create table roster_undo_word (
  delivery_id  uuid not null references roster_delivery,
  actor_kind   text not null,
  actor_id     text not null,
  said_at      timestamptz not null default kit_now(),
  primary key (delivery_id, actor_kind, actor_id)
);
grant select, insert, update, delete on roster_undo_word to unilogin_run;

-- A school's domain at Microsoft, for exports in the format of School Data Sync.
create table roster_sds_domain (
  institution_id  uuid primary key references directory_institution,
  domain          text not null,
  said_by         uuid not null,                 -- the account
  said_at         timestamptz not null default kit_now()
);
grant select, insert, update, delete on roster_sds_domain to unilogin_run;

-- Of a split: the subjects by which services go on knowing the one who gets an account.
alter table identity_proposal add column subjects uuid[] not null default '{}';
