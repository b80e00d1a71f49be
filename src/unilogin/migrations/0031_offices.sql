-- What an office does by the word of two: merging and splitting accounts of its pupils, and a change of system at a time
-- that it chooses. And whom we wrote to about a delivery.

create table identity_proposal (
  proposal_id     uuid primary key default kit_uuid7(),
  institution_id  uuid not null references directory_institution,   -- whose office it is
  kind            text not null check (kind in ('merge', 'split')),
  kept_id         uuid not null references directory_account,       -- merge: goes on; split: the one that two people have
  other_id        uuid references directory_account,
  first_name      text,                                             -- split: of whom an account is made
  family_name     text,
  number_sealed   bytea,                                            -- split: their CPR number, if it is known
  memberships     uuid[] not null default '{}',                     -- split: what is theirs
  proposed_by     uuid not null references directory_account,
  proposed_at     timestamptz not null default kit_now(),
  settled_by      uuid references directory_account,
  settled_at      timestamptz,
  correction_id   uuid references identity_correction,              -- null and settled: somebody said no
  check ((kind = 'merge') = (other_id is not null)),
  check ((kind = 'split') = (family_name is not null)),
  check (settled_by is null or settled_at is not null),
  check (correction_id is null or settled_by <> proposed_by)        -- two people, whatever the code says
);
create unique index identity_proposal_open on identity_proposal (institution_id, kept_id, other_id) nulls not distinct
  where settled_at is null;
create index identity_proposal_by_institution on identity_proposal (institution_id, proposed_at desc);
create index identity_proposal_by_correction on identity_proposal (correction_id) where correction_id is not null;
grant select, insert, update, delete on identity_proposal to unilogin_run;

-- The new system's first file, packed and sealed until the change is run, and when and by whose word that is.
create table roster_switch_part (
  switch_id  uuid not null references roster_switch on delete cascade,
  number     integer not null,
  sealed     bytea not null,
  primary key (switch_id, number)
);
grant select, insert, delete on roster_switch_part to unilogin_run;

alter table roster_switch
  add column wanted          text check (wanted in ('run', 'undo')),
  add column wanted_hash     bytea,           -- of the file that was looked at by whoever wants it
  add column wanted_by       uuid,            -- the account
  add column wanted_leaving  integer,         -- how many leave, as they have seen
  add column due_at          timestamptz,     -- when
  add column agreed_by       text,            -- the second one: an account, or who runs Unilogin
  add column agreed_at       timestamptz,     -- null: not yet
  add column tries           integer not null default 0,
  add column answer          text,            -- why it came to nothing
  add constraint roster_switch_two_people check (agreed_by is null or agreed_by <> wanted_by::text),
  add constraint roster_switch_agreed check (wanted is distinct from 'run' or (agreed_at is null) = (agreed_by is null));
create index roster_switch_wanted on roster_switch (due_at)
  where agreed_at is not null and undone_at is null and answer is null;

-- What somebody in doubt is called in the file, for whoever says who they are; of nobody who is hidden.
alter table roster_switch_person add column told_name text, add column told_group text;

-- Who was told that a delivery needs them: the letter, if any, is the notice's.
create table roster_told (
  delivery_id  uuid not null,
  account_id   uuid not null,
  notice_id    uuid,
  told_at      timestamptz not null default kit_now(),
  primary key (delivery_id, account_id)
);
grant select, insert, delete on roster_told to unilogin_run;
