-- Deliveries of rosters with what was found wrong in them, and what each source says about protection.

create table roster_delivery (
  delivery_id         uuid primary key default kit_uuid7(),
  received_at         timestamptz not null default kit_now(),
  actor_kind          text not null,
  actor_id            text not null,
  institution_id      uuid references directory_institution,  -- null: the number names nobody
  institution_number  text not null,                          -- as the file has it; '' when it has none
  source              text not null,
  source_time         timestamptz,
  school_year         text not null,
  status              text not null check (status in ('applied', 'refused')),
  refusal             text,                                    -- roster.refused.<refusal> is the sentence
  refusal_fields      jsonb not null default '{}',
  created             integer not null default 0,
  changed             integer not null default 0,
  unchanged           integer not null default 0,
  gone                integer not null default 0,
  refused             integer not null default 0,
  new_accounts        integer not null default 0,
  finding_count       integer not null default 0,
  fingerprint         bytea,                                   -- keyed, of everything an applied delivery says
  check ((status = 'refused') = (refusal is not null)),
  check ((status = 'applied') = (fingerprint is not null))
);
create index roster_delivery_by_institution on roster_delivery (institution_id, received_at);
create index roster_delivery_applied on roster_delivery (institution_id, source, source_time) where status = 'applied';

create table roster_finding (
  delivery_id      uuid not null references roster_delivery,
  number           integer not null,
  line             integer not null,
  code             text not null,                              -- roster.finding.<code> is the sentence
  severity         text not null check (severity in ('refused', 'warning')),
  fields           jsonb not null default '{}',                -- never a name or a CPR number
  local_person_id  text,
  contact          smallint,
  group_id         text,
  primary key (delivery_id, number)
);

grant select, insert on roster_delivery, roster_finding to unilogin_run;

-- A person stays protected as long as anybody says so, and until whoever said so last has confirmed that it ended.
alter table directory_person add column protection_doubted_at timestamptz;
alter table directory_membership add column says_protected boolean not null default false;
alter table directory_contact add column says_protected boolean not null default false;
