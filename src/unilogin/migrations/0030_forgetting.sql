-- What services were told is taken back with the correction it came from; what is known of people who left is forgotten
-- with the secrets they had; whose username tells their hidden name may get another one.

-- The change that another one takes back: told to those alone who may have been told of the first, and after it.
alter table services_identifier_change add column takes_back uuid;
create unique index services_identifier_change_back on services_identifier_change (takes_back)
  where takes_back is not null;
create index services_identifier_change_by_time on services_identifier_change using brin (happened_at);
alter table oidc_event
  add column handed_at timestamptz,                       -- may have reached the client, whatever it answered
  add column refused   boolean not null default false;    -- the client fetched it and can make nothing of it
update oidc_event set handed_at = coalesce(told_at, queued_at) where told_at is not null or attempts > 0;

-- Of somebody forgotten the number goes, and its keyed look-up value stays: whoever comes back is the same (K-16).
alter table directory_person
  drop constraint directory_person_check,
  add constraint directory_person_number check (cpr_sealed is null or cpr_index is not null);

-- What is no longer needed can go.
grant delete on services_identifier_change, identity_moved, access_loan, roster_cpr_case to unilogin_run;
create index access_loan_by_end on access_loan using brin (until_at);

-- Whose hidden name stands in their username may get another one: by the hand that says so, and one that was reserved.
create function directory_keep_username() returns trigger
  language plpgsql set search_path = public, pg_temp as $$
begin
  if current_setting('unilogin.renaming', true) is distinct from 'on' then
    raise foreign_key_violation using message = 'the username of an account changes only when somebody is renamed';
  end if;
  return null;
end $$;
create function directory_check_username() returns trigger
  language plpgsql set search_path = public, pg_temp as $$
begin
  if not exists (select from directory_username where username = new.username) then
    raise foreign_key_violation using message = 'directory_account.username refers to no row of directory_username';
  end if;
  return new;
end $$;
drop trigger directory_account_keys on directory_account;
create trigger directory_account_keys before update of person_id on directory_account
  for each statement execute function directory_keep_keys();
create trigger directory_account_username before update of username on directory_account
  for each statement execute function directory_keep_username();
create trigger directory_account_reserved before update of username on directory_account
  for each row when (old.username is distinct from new.username) execute function directory_check_username();
