-- The journey from "somebody wants to sign in" to "this person, this sure". One row a tab, bound to one browser.

create table signin_journey (
  journey_id    uuid primary key default gen_random_uuid(),
  browser_hash  bytea not null,               -- SHA-256 of the browser cookie (V-40)
  service_id    uuid not null references services_service,
  return_to     text not null,                -- path and query on our own origin where the protocol goes on
  demands       jsonb not null default '{}',  -- fresh sign-in, level, hint: what the protocol asked for
  method        text,                         -- selected way in
  username      text,                         -- as typed, folded; may name nobody
  shared_device boolean not null default true, -- others use this device too: the session is short
  session_id    uuid references sessions_session on delete set null,
  actor_group   text,
  started_at    timestamptz not null default kit_now(),
  expires_at    timestamptz not null,
  finished_at   timestamptz,
  returned_at   timestamptz                   -- the protocol has taken the result, once
);
create index signin_journey_by_start on signin_journey (started_at);

grant select, insert, update, delete on signin_journey to unilogin_run;
