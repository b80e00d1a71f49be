-- A first load costs less: it vouches for the references it makes, and the audit log has one index less.

-- A load has looked up every key it writes, or has made it in the same transaction, and says so: to ask once more was a
-- fifth of the database's time. Whoever says nothing is checked as before (docs/adr/0012-references-of-people.md).
create or replace function directory_check_references() returns trigger
  language plpgsql set search_path = public, pg_temp as $$
declare
  missing boolean;
begin
  if current_setting('directory.references_hold', true) = 'on' then
    return null;
  end if;
  for place in 0 .. tg_nargs - 1 by 3 loop
    execute format('select exists (select from fresh where not exists (select from %I t where t.%I = fresh.%I))',
                   tg_argv[place + 1], tg_argv[place + 2], tg_argv[place]) into missing;
    if missing then
      raise foreign_key_violation using
        message = format('%s.%s refers to no row of %s', tg_table_name, tg_argv[place], tg_argv[place + 1]);
    end if;
  end loop;
  return null;
end $$;

-- Which institution a membership is of is asked once a statement, too.
alter table directory_membership drop constraint directory_membership_institution_id_fkey;
drop trigger directory_membership_references on directory_membership;
create trigger directory_membership_references after insert on directory_membership
  referencing new table as fresh for each statement execute function directory_check_references(
    'person_id', 'directory_person', 'person_id', 'institution_id', 'directory_institution', 'institution_id');
drop trigger directory_membership_keys on directory_membership;
create trigger directory_membership_keys before update of membership_id, institution_id on directory_membership
  for each statement execute function directory_keep_keys();
create trigger directory_institution_unreferenced after delete on directory_institution
  referencing old table as gone for each statement execute function directory_check_unreferenced(
    'institution_id', 'directory_membership', 'institution_id');
create trigger directory_institution_keys before update of institution_id on directory_institution
  for each statement execute function directory_keep_keys();

-- By number, then time: what the sequencer asks for in order is the key itself.
alter table audit_event drop constraint audit_event_pkey, add primary key (sequence, at);
drop index audit_event_by_sequence;
