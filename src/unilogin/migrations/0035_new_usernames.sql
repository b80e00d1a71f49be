-- Whoever is protected may have another username than the one that was made of the name that is hidden now.

create table directory_former_username (      -- a name somebody gave up, for as long as it still opens their account
  username     text primary key references directory_username,
  account_id   uuid not null references directory_account,
  given_up_at  timestamptz not null default kit_now(),
  leads_until  timestamptz not null
);
create index directory_former_username_by_account on directory_former_username (account_id);
create index directory_former_username_by_end on directory_former_username (leads_until);
grant select, insert, delete on directory_former_username to unilogin_run;

-- A name changes only by the hand that says so, into one that was reserved for it, and is nobody's former one.
create function directory_check_new_username() returns trigger
  language plpgsql set search_path = public, pg_temp as $$
begin
  if current_setting('unilogin.renaming', true) is distinct from 'on' then
    raise foreign_key_violation using message = 'a username changes only when somebody is given a new one';
  end if;
  if not exists (select from directory_username where username = new.username)
     or exists (select from directory_former_username where username = new.username) then
    raise foreign_key_violation using message = 'directory_account.username refers to no name that is free';
  end if;
  return new;
end $$;
drop trigger directory_account_keys on directory_account;
create trigger directory_account_keys before update of person_id on directory_account
  for each statement execute function directory_keep_keys();
create trigger directory_account_username before update of username on directory_account
  for each row execute function directory_check_new_username();
create trigger directory_former_username_keys before update on directory_former_username
  for each statement execute function directory_keep_keys();
