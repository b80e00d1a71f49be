-- The people of the schools (SkoleGrunddata): institutions, persons, accounts, memberships, groups, contacts.

create table directory_institution (
  institution_id       uuid primary key default kit_uuid7(),
  number               text not null unique check (number ~ '^[0-9A-ZÆØÅ]{1,6}$'),  -- institutionsnummer
  name                 text not null check (name <> ''),
  kind                 text not null,
  cvr                  text check (cvr ~ '^[0-9]{8}$'),
  municipality         text,                   -- kommunekode
  public_law_body      boolean not null,       -- offentligretligt organ: decides whether MitID may be used
  main_institution_id  uuid references directory_institution,
  active               boolean not null default true,
  created_at           timestamptz not null default kit_now()
);

create table directory_person (
  person_id          uuid primary key default kit_uuid7(),
  first_name         text not null,
  family_name        text not null,
  protected          boolean not null default false,   -- navne- og adressebeskyttelse
  alias_first_name   text,
  alias_family_name  text,
  cpr_sealed         bytea,                    -- AES-256-GCM, associated data = table, column, person_id (K-10)
  cpr_index          bytea unique,             -- HMAC-SHA-256 under a key outside the database (K-11)
  birth_date         date,
  gender             text check (gender in ('M', 'K')),
  email              text,
  contact            jsonb not null default '{}',   -- address, phones, photo as the source gave them
  created_at         timestamptz not null default kit_now(),
  changed_at         timestamptz not null default kit_now(),
  check ((cpr_sealed is null) = (cpr_index is null)),
  check (not protected or (alias_first_name is not null and alias_family_name is not null))
);

-- Every username ever given, so that none is given twice (K-19).
create table directory_username (
  username   text primary key check (username ~ '^[a-z]{4}[0-9]{4}$'),
  issued_at  timestamptz not null default kit_now()
);

create table directory_account (
  account_id    uuid primary key default kit_uuid7(),
  person_id     uuid not null unique references directory_person,
  username      text not null unique references directory_username,
  uniid         text not null unique check (uniid ~ '^[0-9a-f]{10}$'),
  created_at    timestamptz not null default kit_now(),
  blocked_at    timestamptz,
  blocked_why   text
);

create table directory_membership (               -- tilknytning
  membership_id    uuid primary key default kit_uuid7(),
  person_id        uuid not null references directory_person,
  institution_id   uuid not null references directory_institution,
  source           text not null,
  local_person_id  text not null,
  actor_group      text not null check (actor_group in ('Elev', 'Medarbejder', 'Ekstern')),
  roles            text[] not null check (cardinality(roles) > 0),
  level            text,                           -- trin
  detail           jsonb not null default '{}',    -- student number, initials, occupation, location
  raw_hash         bytea not null,                 -- of the person's part of the source document as last applied
  from_at          timestamptz not null default kit_now(),
  ended_at         timestamptz,
  unique (institution_id, source, local_person_id)
);
create index directory_membership_by_person on directory_membership (person_id);

create table directory_group (
  group_key       uuid primary key default kit_uuid7(),
  institution_id  uuid not null references directory_institution,
  source          text not null,
  group_id        text not null,                   -- GroupId of the source
  name            text not null,
  type            text,                            -- null: referenced, never declared
  level           text,
  line            text,
  from_date       date,
  to_date         date,
  ended_at        timestamptz,
  unique (institution_id, source, group_id)
);

create table directory_group_member (
  group_key      uuid not null references directory_group,
  membership_id  uuid not null references directory_membership,
  main           boolean not null default false,   -- MainGroupId: the class
  primary key (membership_id, group_key)
);
create index directory_group_member_by_group on directory_group_member (group_key);

create table directory_contact (                   -- kontaktperson of a pupil, as one membership's source tells it
  membership_id      uuid not null references directory_membership,   -- the pupil's
  contact_person_id  uuid not null references directory_person,
  relation           text not null,
  child_custody      boolean not null,
  access_level       smallint not null check (access_level in (0, 1)),
  primary key (membership_id, contact_person_id)
);
create index directory_contact_by_contact on directory_contact (contact_person_id);

grant select, insert, update on directory_institution, directory_person, directory_account, directory_membership,
  directory_group to unilogin_run;
grant select, insert on directory_username to unilogin_run;
grant select, insert, update, delete on directory_group_member, directory_contact to unilogin_run;
