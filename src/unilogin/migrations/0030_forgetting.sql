-- What services were told is taken back with the correction it came from; what is known of people who left is forgotten
-- with the secrets they had.

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
