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
