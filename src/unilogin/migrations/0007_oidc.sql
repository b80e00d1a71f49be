-- What OpenID Connect hands out. Everything hangs on a session and is dead when that has ended.
--
-- No foreign keys: each would take a key-share lock on the client's or the session's row for every code and token, and
-- at eight o'clock a thousand pupils enter one service. Nothing is decided by a row that is missing its other half:
-- every statement joins token, grant, session and client, and old rows are deleted by time.

create table oidc_posted_request (            -- an authorization request that came by POST, kept for the GET after it
  request_id  uuid primary key default gen_random_uuid(),
  query       text not null,
  expires_at  timestamptz not null
);

create table oidc_grant (                     -- one answer to one authorization request, and all that came from it
  grant_id         bytea primary key,         -- SHA-256 of its code
  client_id        text not null,
  session_id       uuid not null,
  actor_group      text not null,
  redirect_uri     text not null,
  scope            text not null,
  nonce            text,
  code_challenge   text,                      -- S256
  issued_at        timestamptz not null default kit_now(),
  code_expires_at  timestamptz not null,
  code_used_at     timestamptz,               -- a code is used once
  revoked_at       timestamptz                -- all its tokens are dead: one row to lock, so no refresh can slip past
);
create index oidc_grant_by_time on oidc_grant using brin (issued_at);

create table oidc_token (
  token_hash  bytea primary key,              -- SHA-256
  kind        text not null check (kind in ('access', 'refresh')),
  grant_id    bytea not null,
  issued_at   timestamptz not null default kit_now(),
  expires_at  timestamptz not null,
  used_at     timestamptz,                    -- a refresh token is used once
  revoked_at  timestamptz
);
create index oidc_token_by_time on oidc_token using brin (issued_at);

grant select, insert, delete on oidc_posted_request to unilogin_run;
grant select, insert, update, delete on oidc_grant, oidc_token to unilogin_run;
