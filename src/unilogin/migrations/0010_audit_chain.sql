-- The audit log becomes a chain: every row's hash is sealed into links, so that who changes the past is found out.

-- A number is drawn only after the transaction has its id. The sequencer relies on it: once every transaction that was
-- under way when it looked at the sequence has ended, no row with a lower number can come any more. Plain identity
-- draws the number first, and a row could slip in behind a link that was thought complete.
alter table audit_event alter column sequence drop identity;
create sequence audit_event_sequence owned by audit_event.sequence;
select setval('audit_event_sequence', coalesce(max(sequence), 0) + 1, false) from audit_event;
alter table audit_event alter column sequence
  set default case when pg_current_xact_id() is not null then nextval('audit_event_sequence') end;
create index audit_event_by_sequence on audit_event (sequence);

-- Time and number are the database's: who serves can add a row, but neither date it back nor place it elsewhere.
revoke insert on audit_event from unilogin_run;
grant insert (action, outcome, actor_kind, actor_id, account_id, institution_id, object, request_id, detail)
  on audit_event to unilogin_run;
grant usage, select on sequence audit_event_sequence to unilogin_run;

-- How far the sequence had come when the sequencer looked, and its own transaction id at that moment. The row lies on
-- the disk before anything is sealed by it, so no crash can hand out those numbers or that id again.
create table audit_mark (
  upto  bigint primary key,
  xid   xid8 not null                         -- void when it is not the row's own xmin: restored from a dump
);
grant select, insert, delete on audit_mark to unilogin_run;

create table audit_link (
  number     bigint primary key check (number > 0),
  made_at    timestamptz not null,
  month      date not null,                   -- of its rows: no link spans two, so that a month can be dropped whole
  after      bigint not null,                 -- it holds the month's rows numbered above this …
  upto       bigint not null,                 -- … up to this; numbers that no row has were rolled back
  events     integer not null check (events > 0),
  rows       bytea,                           -- for each row: number (8 bytes), SHA-256; null when the month is dropped
  rows_hash  bytea not null,                  -- SHA-256 of rows
  previous   bytea not null,                  -- hash of the link before
  hash       bytea not null,                  -- SHA-256 over all above but rows
  mac        bytea not null                   -- of the hash, with a key outside the database
);
create index audit_link_by_month on audit_link (month);
grant select, insert on audit_link to unilogin_run;

-- What was dropped on purpose: a month's rows are gone, its links still hold the chain together.
create table audit_anchor (
  month       date primary key,
  dropped_at  timestamptz not null,
  actor_kind  text not null,
  actor_id    text not null,
  links       bigint not null,
  events      bigint not null,
  hash        bytea not null,                 -- SHA-256 over all above and the hashes of the month's links
  mac         bytea not null
);
grant select on audit_anchor to unilogin_run;

-- Only the owner drops a month; domain/audit/retention.py declares it in the same transaction.
create function audit_drop_partition(month_of date) returns void
  language plpgsql set search_path = public as $$
begin
  execute format('drop table if exists %I', 'audit_event_' || to_char(month_of, 'YYYY_MM'));
  delete from audit_event_rest
    where at >= month_of::timestamp at time zone 'UTC' and at < (month_of + interval '1 month') at time zone 'UTC';
end $$;
revoke execute on function audit_drop_partition from public;
