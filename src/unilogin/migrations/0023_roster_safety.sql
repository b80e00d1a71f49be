-- Deliveries are looked at before they count, parked when they would do too much, and can be undone.

alter table roster_delivery
  drop constraint roster_delivery_status_check,
  drop constraint roster_delivery_check1,
  add constraint roster_delivery_status_check
    check (status in ('applied', 'refused', 'parked', 'rejected', 'overtaken', 'undone')),
  add constraint roster_delivery_fingerprint_check check ((status = 'refused') = (fingerprint is null)),
  add column kind text not null default 'full' check (kind in ('full', 'delta', 'delete')),
  add column plan jsonb not null default '[]',        -- lines of the plan of changes, one a class or a group of people
  add column held_by jsonb not null default '[]',     -- the limits that parked it
  add column applied_at timestamptz,                  -- when it was done; null: never
  add column settled_at timestamptz;                  -- when it was released, rejected, overtaken or undone
update roster_delivery set applied_at = received_at where status = 'applied';
grant delete on roster_finding to unilogin_run;                  -- a released delivery is read again
create index roster_delivery_held on roster_delivery (institution_id, source) where status in ('parked', 'rejected');
grant update (status, created, changed, unchanged, gone, refused, new_accounts, finding_count, plan, held_by,
              settled_at, applied_at) on roster_delivery to unilogin_run;

-- What a delivery changes about each person, as a plan before it counts and as history afterwards. A first load has none.
create table roster_change (
  delivery_id      uuid not null,                              -- written before the delivery's own row
  number           integer not null,
  local_person_id  text not null,
  membership_id    uuid,                                       -- null while nobody has released a new person
  kind             text not null check (kind in ('new', 'back', 'left', 'moved', 'changed')),
  actor_group      text not null,
  class_before     text,
  class_after      text,
  fields           text[] not null default '{}',               -- names, level, roles …: what of it changed
  primary key (delivery_id, number)
);
grant select, insert, delete on roster_change to unilogin_run;

-- The file of a parked delivery, packed and sealed: it holds CPR numbers.
create table roster_parked_part (
  delivery_id  uuid not null references roster_delivery,
  number       integer not null,
  sealed       bytea not null,
  primary key (delivery_id, number)
);
grant select, insert, delete on roster_parked_part to unilogin_run;

-- Who said what about a parked delivery. Two people must say the same.
create table roster_decision (
  delivery_id  uuid not null references roster_delivery,
  actor_kind   text not null,
  actor_id     text not null,
  decision     text not null check (decision in ('release', 'reject')),
  decided_at   timestamptz not null default kit_now(),
  primary key (delivery_id, actor_kind, actor_id)
);
grant select, insert, update on roster_decision to unilogin_run;

-- How much a delivery may do at an institution before it is parked; a missing value is the usual one (roster/rules.py).
create table roster_limit (
  institution_id   uuid primary key references directory_institution,
  removed_percent  integer check (removed_percent between 0 and 100),
  removed_persons  integer check (removed_persons >= 0),
  changed_percent  integer check (changed_percent between 0 and 100),
  changed_persons  integer check (changed_persons >= 0),
  smallest_whole   integer check (smallest_whole >= 1)
);
grant select, insert, update, delete on roster_limit to unilogin_run;

-- A known local id that came with another CPR number ("Ikke forventet CPR til localPersonID"), until somebody decides.
create table roster_cpr_case (
  case_id          uuid primary key default kit_uuid7(),
  membership_id    uuid not null,
  delivery_id      uuid not null references roster_delivery,
  local_person_id  text not null,
  sealed_for       uuid not null,                              -- the id that the number is sealed for
  cpr_sealed       bytea not null,
  cpr_index        bytea not null,
  told_name        text not null,                              -- as others may see it: the alias of a protected person
  found_at         timestamptz not null default kit_now(),
  settled_at       timestamptz,
  outcome          text check (outcome in ('accepted', 'dismissed', 'gone')),
  actor_kind       text,
  actor_id         text,
  check ((settled_at is null) = (outcome is null))
);
create unique index roster_cpr_case_open on roster_cpr_case (membership_id) where settled_at is null;
grant select, insert, update on roster_cpr_case to unilogin_run;

-- What a row was before a delivery changed it, for thirty days: the way back.
create table directory_journal (
  number       bigint generated always as identity,
  delivery_id  uuid not null,
  kind         text not null check (kind in ('person', 'membership', 'groups', 'contacts', 'group')),
  row_id       uuid not null,                                  -- person, membership or group
  before       jsonb,                                          -- null: it was not there
  at           timestamptz not null default kit_now(),
  primary key (delivery_id, kind, row_id)
);
create index directory_journal_by_row on directory_journal (row_id, kind);
create index directory_journal_by_time on directory_journal using brin (at);
grant select, insert, delete on directory_journal to unilogin_run;
alter table directory_membership add column started_by uuid;   -- the delivery that made it

-- Numbers people had before they got another one: whoever still sends one means the same person (B-R22).
create table directory_former_cpr (
  cpr_index   bytea primary key,
  person_id   uuid not null references directory_person,
  retired_at  timestamptz not null default kit_now()
);
grant select, insert, delete on directory_former_cpr to unilogin_run;

-- Somebody without a CPR number is found by what their source calls them, under a keyed hash.
alter table directory_person add column local_key bytea;
create unique index directory_person_by_local_key on directory_person (local_key) where local_key is not null;
