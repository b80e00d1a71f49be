-- References between the tables of people, checked once a statement: asked row by row, foreign keys took a quarter of
-- the database's time of a first load. Whoever writes is checked, loads or not (docs/adr/0012-references-of-people.md).

-- Arguments, by threes: column, the table it refers to, the column there.
create function directory_check_references() returns trigger
  language plpgsql set search_path = public, pg_temp as $$
declare
  missing boolean;
begin
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

-- Arguments, by threes: column, a table that refers to it, the column there.
create function directory_check_unreferenced() returns trigger
  language plpgsql set search_path = public, pg_temp as $$
declare
  held boolean;
begin
  for place in 0 .. tg_nargs - 1 by 3 loop
    execute format('select exists (select from gone where exists (select from %I t where t.%I = gone.%I))',
                   tg_argv[place + 1], tg_argv[place + 2], tg_argv[place]) into held;
    if held then
      raise foreign_key_violation using
        message = format('%s still refers to rows deleted from %s', tg_argv[place + 1], tg_table_name);
    end if;
  end loop;
  return null;
end $$;

create function directory_keep_keys() returns trigger
  language plpgsql set search_path = public, pg_temp as $$
begin
  raise foreign_key_violation using message = format('the keys of %s never change', tg_table_name);
end $$;

alter table directory_account
  drop constraint directory_account_person_id_fkey, drop constraint directory_account_username_fkey;
create trigger directory_account_references after insert on directory_account
  referencing new table as fresh for each statement execute function directory_check_references(
    'person_id', 'directory_person', 'person_id', 'username', 'directory_username', 'username');
create trigger directory_account_keys before update of person_id, username on directory_account
  for each statement execute function directory_keep_keys();

alter table directory_membership drop constraint directory_membership_person_id_fkey;
create trigger directory_membership_references after insert on directory_membership
  referencing new table as fresh for each statement execute function directory_check_references(
    'person_id', 'directory_person', 'person_id');
create trigger directory_membership_unreferenced after delete on directory_membership
  referencing old table as gone for each statement execute function directory_check_unreferenced(
    'membership_id', 'directory_group_member', 'membership_id', 'membership_id', 'directory_contact', 'membership_id');
create trigger directory_membership_keys before update of membership_id, person_id on directory_membership
  for each statement execute function directory_keep_keys();

alter table directory_group_member
  drop constraint directory_group_member_membership_id_fkey, drop constraint directory_group_member_group_key_fkey;
create trigger directory_group_member_references after insert on directory_group_member
  referencing new table as fresh for each statement execute function directory_check_references(
    'membership_id', 'directory_membership', 'membership_id', 'group_key', 'directory_group', 'group_key');
create trigger directory_group_member_keys before update of membership_id, group_key on directory_group_member
  for each statement execute function directory_keep_keys();

alter table directory_contact
  drop constraint directory_contact_membership_id_fkey, drop constraint directory_contact_contact_person_id_fkey;
create trigger directory_contact_references after insert on directory_contact
  referencing new table as fresh for each statement execute function directory_check_references(
    'membership_id', 'directory_membership', 'membership_id', 'contact_person_id', 'directory_person', 'person_id');
create trigger directory_contact_keys before update of membership_id, contact_person_id on directory_contact
  for each statement execute function directory_keep_keys();

create trigger directory_person_unreferenced after delete on directory_person
  referencing old table as gone for each statement execute function directory_check_unreferenced(
    'person_id', 'directory_account', 'person_id', 'person_id', 'directory_membership', 'person_id',
    'person_id', 'directory_contact', 'contact_person_id');
create trigger directory_person_keys before update of person_id on directory_person
  for each statement execute function directory_keep_keys();

create trigger directory_username_unreferenced after delete on directory_username
  referencing old table as gone for each statement execute function directory_check_unreferenced(
    'username', 'directory_account', 'username');
create trigger directory_username_keys before update of username on directory_username
  for each statement execute function directory_keep_keys();

create trigger directory_group_unreferenced after delete on directory_group
  referencing old table as gone for each statement execute function directory_check_unreferenced(
    'group_key', 'directory_group_member', 'group_key');
create trigger directory_group_keys before update of group_key on directory_group
  for each statement execute function directory_keep_keys();
