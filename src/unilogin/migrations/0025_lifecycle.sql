-- Imports that nobody renews end after a year, with a warning; whoever has belonged nowhere for a year is forgotten but
-- for what recognises them when they come back.

create table roster_stale (
  institution_id  uuid not null references directory_institution,
  source          text not null,
  told_at         timestamptz not null default kit_now(),      -- administrators were warned; a later delivery settles it
  primary key (institution_id, source)
);
grant select, insert, update, delete on roster_stale to unilogin_run;

alter table directory_person add column erased_at timestamptz; -- null: known in full
