-- Secrets: the ones an account had before, when the present one must be changed, and a type that a school has decided.

alter table credentials_password
  add column due_at   timestamptz,              -- from then on nobody signs in with it without changing it
  add column due_why  text check (due_why in ('grade', 'age'));

create table credentials_former (               -- the hashes before the present one, newest last; only a few are kept
  former_id       bigint generated always as identity primary key,
  account_id      uuid not null references directory_account,
  type            text not null check (type in ('pictures', 'words', 'password')),
  hash            text not null,
  pepper_version  smallint not null,
  replaced_at     timestamptz not null default kit_now()
);
create index credentials_former_by_account on credentials_former (account_id, former_id desc);

create table credentials_forced_type (          -- tvunget adgangskodepolitik: this person's type, whatever the grade
  account_id  uuid primary key references directory_account,
  type        text not null check (type in ('pictures', 'words', 'password')),
  set_at      timestamptz not null default kit_now()
);

-- A journey whose password must be changed stops before the role: 'soon' may be put off, 'now' may not.
alter table signin_journey add column change_due text check (change_due in ('soon', 'now'));

grant select, insert, delete on credentials_former to unilogin_run;
grant select, insert, update, delete on credentials_forced_type to unilogin_run;
