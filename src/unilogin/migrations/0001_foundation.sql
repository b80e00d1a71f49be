-- The ground every room stands on: database roles, the clock, identifiers, the audit log, the signing keys.

-- Two roles from the first migration on: the owner migrates, unilogin_run serves. The server switches to unilogin_run
-- on every connection, so a hole in the application can neither change the schema nor rewrite the audit log (K-08).
do $$
begin
  if not exists (select from pg_roles where rolname = 'unilogin_run') then
    create role unilogin_run nologin;
  end if;
  if not pg_has_role(current_user, 'unilogin_run', 'member') then
    execute format('grant unilogin_run to %I', current_user);
  end if;
exception when duplicate_object or unique_violation then
  null;  -- another database of this cluster is migrated at this moment
end $$;

grant usage on schema public to unilogin_run;
revoke create on schema public from public;

-- The one clock of every decision about expiry (D4). Tests replace this function to move time.
create function kit_now() returns timestamptz
  language sql stable parallel safe
  return statement_timestamp();

-- Version 7: ordered by time, so that indexes of a million people grow at one end. Not a secret (N-71).
create function kit_uuid7() returns uuid
  language sql volatile parallel safe
  return encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
              placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
              from 1 for 6),
      52, 1), 53, 1), 'hex')::uuid;

-- audit ------------------------------------------------------------------------------------------------------------

create table audit_event (
  sequence        bigint generated always as identity,
  at              timestamptz not null default kit_now(),
  action          text not null,
  outcome         text not null default 'ok',
  actor_kind      text not null,              -- person, operator, source, service, system
  actor_id        text not null,              -- account id, name of an operator, source system, client id
  account_id      uuid,                       -- whom it is about
  institution_id  uuid,
  object          text,                       -- what else it is about: client id, delivery id, session id
  request_id      text,
  detail          jsonb not null default '{}', -- never a secret, a CPR number or a name (K-30)
  primary key (at, sequence)
) partition by range (at);

create table audit_event_rest partition of audit_event default;
create index audit_event_by_account on audit_event (account_id, at) where account_id is not null;
create index audit_event_by_institution on audit_event (institution_id, at) where institution_id is not null;

-- Makes the partition of the month that holds the given time; jobs.py calls it ahead of time.
create function audit_make_partition(month_of timestamptz) returns void
  language plpgsql security definer set search_path = public as $$
declare
  first date := date_trunc('month', month_of at time zone 'UTC')::date;
  name text := 'audit_event_' || to_char(first, 'YYYY_MM');
begin
  if to_regclass(name) is null then
    execute format('create table %I partition of audit_event for values from (%L) to (%L)',
                   name, first::text || ' 00:00+00', (first + interval '1 month')::date::text || ' 00:00+00');
    execute format('revoke all on %I from unilogin_run', name);
  end if;
end $$;

select audit_make_partition(now()), audit_make_partition(now() + interval '1 month');

grant select, insert on audit_event to unilogin_run;
grant execute on function audit_make_partition to unilogin_run;

-- keys -------------------------------------------------------------------------------------------------------------

create table keys_signing (
  kid             text primary key,           -- RFC 7638 thumbprint
  purpose         text not null,              -- oidc-signing
  algorithm       text not null,
  public_jwk      jsonb not null,
  private_sealed  bytea not null,             -- AES-256-GCM under the key-encryption key outside the database
  published_at    timestamptz not null default kit_now(),
  signs_from      timestamptz not null,       -- after every relying party has had time to fetch it (K-03)
  retires_at      timestamptz,                -- no signature after this
  removed_at      timestamptz                 -- not published after this
);
grant select, insert, update on keys_signing to unilogin_run;
