-- Elevadgang: what a school lets its teachers do, classes lent to substitutes, and taking a claimed window back.

create table access_school (                  -- how a school has decided; without a row the defaults hold
  institution_id  uuid primary key references directory_institution,
  pedagogues      boolean not null default false,   -- Pædagog may help as Lærer does
  substitutes     boolean not null default false,   -- Vikar may
  teams           boolean not null default false,   -- also the pupils of groups that are no class
  highest_grade   smallint check (highest_grade between 0 and 10),   -- teachers help up to here; null: everybody
  two_factors     boolean not null default false,   -- teachers must come in with two factors
  changed_at      timestamptz not null default kit_now()
);

create table access_loan (                    -- a class lent to somebody for some hours; it ends by itself
  loan_id     uuid primary key default kit_uuid7(),
  account_id  uuid not null references directory_account,
  group_key   uuid not null references directory_group,
  lent_by     uuid not null references directory_account,
  from_at     timestamptz not null default kit_now(),
  until_at    timestamptz not null check (until_at > from_at),
  ended_at    timestamptz
);
create index access_loan_by_account on access_loan (account_id, until_at) where ended_at is null;
create index access_loan_by_group on access_loan (group_key, until_at) where ended_at is null;

-- What the pupil had before the claim, to be put back within ten minutes; emptied when that time is over.
alter table credentials_window
  add column undone_at      timestamptz,
  add column before_type    text check (before_type in ('pictures', 'words', 'password')),
  add column before_hash    text,
  add column before_pepper  smallint,
  add constraint credentials_window_undone check (undone_at is null or claimed_at is not null);
create index credentials_window_before on credentials_window (claimed_at) where before_hash is not null;

-- Who had no password before the claim has none after it was undone.
grant delete on credentials_password to unilogin_run;
grant select, insert, update on access_school, access_loan to unilogin_run;
