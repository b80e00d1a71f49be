-- Rights that a person holds at an institution, e.g. Brugeradministrator.

create table access_right (
  right_id        uuid primary key default kit_uuid7(),
  account_id      uuid not null references directory_account,
  institution_id  uuid not null references directory_institution,
  name            text not null,
  granted_at      timestamptz not null default kit_now(),
  granted_by      text not null,
  revoked_at      timestamptz
);
create unique index access_right_held on access_right (account_id, institution_id, name) where revoked_at is null;

grant select, insert, update on access_right to unilogin_run;
