-- How our own apps (Mit Unilogin, Elevadgang …) let people in: as customers of our own door, with a session of their own.

-- The app a service is, for our own ones: no learning service, never licensed, not listed among them.
alter table services_service add column app text unique check (app ~ '^[a-z]+$');

create table shell_signin (                   -- a browser on its way from an app to the door and back
  state_hash    bytea primary key,            -- SHA-256 of the state; verifier and nonce follow from it and are kept nowhere
  app           text not null,
  browser_hash  bytea not null,               -- SHA-256 of the app's own cookie for the way in (V-40)
  return_to     text not null,                -- the page of the app that was asked for
  expires_at    timestamptz not null
);
create index shell_signin_by_expiry on shell_signin (expires_at);

-- Somebody in an app, in one browser. It lives and dies with the session of the identity provider that it hangs on.
create table shell_session (
  token_hash       bytea primary key,         -- SHA-256 of the app's own cookie
  app              text not null,
  session_id       uuid not null references sessions_session on delete cascade,
  actor_group      text not null,             -- as whom the person came in
  id_token_sealed  bytea not null,            -- shown again when the person logs out
  opened_at        timestamptz not null default kit_now()
);
create index shell_session_by_session on shell_session (session_id);

grant select, insert, delete on shell_signin, shell_session to unilogin_run;
