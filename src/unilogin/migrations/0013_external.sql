-- Ways in that somebody else proves: providers such as MitID, the errands that browsers are sent on, and what came back.

create table signin_provider (
  alias        text primary key check (alias ~ '^[a-z][a-z0-9-]{1,31}$'),  -- in addresses, and what the selector posts
  kind         text not null check (kind in ('mitid')),
  name_da      text not null check (name_da <> ''),
  name_en      text not null check (name_en <> ''),
  created_at   timestamptz not null default kit_now(),
  disabled_at  timestamptz
);

create table signin_errand (                  -- a browser is sent to a provider, and comes back with an identity or without
  errand_id         uuid primary key default gen_random_uuid(),
  journey_id        uuid not null references signin_journey on delete cascade,
  alias             text not null references signin_provider,
  return_to         text not null,            -- path on our own origin that takes the result
  started_at        timestamptz not null default kit_now(),
  expires_at        timestamptz not null,
  answered_at       timestamptz,
  failure           text,                     -- why there is no identity
  -- what the provider proved, until it is taken: never the CPR number itself
  issuer            text,
  subject           text,
  cpr_index         bytea,
  level             text,
  kind              text check (kind in ('private', 'business')),
  cvr               text,
  rights            text[],
  age               smallint,
  authenticated_at  timestamptz,
  taken_at          timestamptz               -- once, by the journey that sent the browser
);
create index signin_errand_by_journey on signin_errand (journey_id);
create index signin_errand_by_start on signin_errand (started_at);

-- How the OpenID Providers among them are spoken to. The client secret is sealed with a key outside the database.
create table oidc_rp_provider (
  alias          text primary key references signin_provider,
  issuer         text not null,
  client_id      text not null,
  secret_sealed  bytea not null,
  preset         text not null,               -- which claim means what: protocols/oidc_rp/presets.py
  scopes         text not null,
  acr_values     text not null default '',
  rights         jsonb not null default '{}', -- what a right is called there → which of ours it is
  changed_at     timestamptz not null default kit_now()
);

create table oidc_rp_flow (                   -- one authorization request of ours; nonce and verifier are made from state
  state_hash    bytea primary key,            -- SHA-256; the state itself is only in the browser's address
  errand_id     uuid not null references signin_errand on delete cascade,
  alias         text not null,
  browser_hash  bytea not null,
  started_at    timestamptz not null default kit_now(),
  expires_at    timestamptz not null,
  used_at       timestamptz
);
create index oidc_rp_flow_by_errand on oidc_rp_flow (errand_id);

create table sessions_right (                 -- rights that hold for one session: a business identity brought them
  session_id      uuid not null references sessions_session on delete cascade,
  institution_id  uuid not null references directory_institution,
  name            text not null,
  primary key (session_id, institution_id, name)
);

-- A journey that cannot reach what was demanded says so, and the service is told (unmet_authentication_requirements).
alter table signin_journey add column declined text;

grant select, insert, update on signin_provider, oidc_rp_provider to unilogin_run;
grant select, insert, update, delete on signin_errand, oidc_rp_flow to unilogin_run;
grant select, insert, delete on sessions_right to unilogin_run;
