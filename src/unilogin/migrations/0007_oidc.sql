-- What OpenID Connect hands out. Everything hangs on a session and is dead when that has ended.

create table oidc_posted_request (            -- an authorization request that came by POST, kept for the GET after it
  request_id  uuid primary key default gen_random_uuid(),
  query       text not null,
  expires_at  timestamptz not null
);

create table oidc_code (
  code_hash       bytea primary key,
  family_id       uuid not null default gen_random_uuid(),
  client_id       text not null references services_client,
  session_id      uuid not null references sessions_session on delete cascade,
  actor_group     text not null,
  redirect_uri    text not null,
  scope           text not null,
  nonce           text,
  code_challenge  text,
  expires_at      timestamptz not null,
  used_at         timestamptz
);
create index oidc_code_by_expiry on oidc_code (expires_at);
create index oidc_code_by_session on oidc_code (session_id);

create table oidc_token (
  token_hash   bytea primary key,
  kind         text not null check (kind in ('access', 'refresh')),
  family_id    uuid not null,                 -- all that came from one code: revoked together
  client_id    text not null references services_client,
  session_id   uuid not null references sessions_session on delete cascade,
  actor_group  text not null,
  scope        text not null,
  nonce        text,
  issued_at    timestamptz not null default kit_now(),
  expires_at   timestamptz not null,
  used_at      timestamptz,                   -- a refresh token is used once
  revoked_at   timestamptz
);
create index oidc_token_by_family on oidc_token (family_id);
create index oidc_token_by_session on oidc_token (session_id);
create index oidc_token_by_expiry on oidc_token (expires_at);

grant select, insert, delete on oidc_posted_request to unilogin_run;
grant select, insert, update, delete on oidc_code, oidc_token to unilogin_run;
