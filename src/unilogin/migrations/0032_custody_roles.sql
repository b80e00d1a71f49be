-- Which roles of a system's OneRoster files mean custody at an institution. Nothing here: only where a file says custody.

create table roster_custody_role (
  institution_id  uuid not null references directory_institution,
  source          text not null,
  role            text not null check (role in ('parent', 'guardian')),
  primary key (institution_id, source, role)
);
grant select, insert, delete on roster_custody_role to unilogin_run;
