-- Questions to a school. The grade that a new system's first file tells of a pupil: a jump is asked about in the plan.
alter table roster_switch_person add column told_level text;

-- What a delivery asks about is open until somebody of the school has said that it is right.
alter table roster_finding add column answered_at timestamptz, add column answered_by text;
grant update (answered_at, answered_by) on roster_finding to unilogin_run;

-- The first number of a pupil's contact person who holds a right and belongs nowhere: a case of that person, found in the
-- row of the pupil. The release before sees the others, as it did.
alter table roster_cpr_case
  alter column membership_id drop not null,
  add column contact_id uuid,                                    -- the contact person
  add column pupil_membership_id uuid,                           -- in whose row they were found
  add constraint roster_cpr_case_of_whom check (
    (membership_id is null) = (contact_id is not null) and (contact_id is null) = (pupil_membership_id is null));
create unique index roster_cpr_case_open_contact on roster_cpr_case (contact_id) where settled_at is null;

-- Somebody who holds a right is to belong to an institution again by its office's word: a second person has to say yes.
create table access_return (
  return_id       uuid primary key default kit_uuid7(),
  institution_id  uuid not null references directory_institution,
  account_id      uuid not null references directory_account,
  actor_group     text not null,
  role            text not null,
  level           text,
  group_name      text,
  alias           text[] check (cardinality(alias) = 2),         -- first and family name: the office says they are protected
  wanted_by       uuid not null references directory_account,
  wanted_at       timestamptz not null default kit_now(),
  settled_at      timestamptz,
  settled_by      text,
  outcome         text check (outcome in ('added', 'refused', 'late')),
  check ((settled_at is null) = (outcome is null)),
  check (outcome <> 'added' or settled_by <> 'person ' || wanted_by::text)   -- two people, whatever the code says
);
create unique index access_return_open on access_return (institution_id, account_id) where settled_at is null;
grant select, insert, update, delete on access_return to unilogin_run;
