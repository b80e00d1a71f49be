-- Services (tjenester), the clients they speak through, their licences and the pseudonyms they know people by.

create table services_service (
  service_id           uuid primary key default kit_uuid7(),
  name                 text not null unique,
  name_en              text,
  provider             text not null,              -- udbyder
  home_url             text not null,
  sector               text not null unique,       -- of its pairwise subjects (OIDC Core §8.1)
  attributes           text[] not null default '{}',
  actor_groups         text[] not null default '{}', -- empty: everybody
  minimum_level        text not null default 'EnFaktor',
  licence_required     boolean not null default false,
  missing_licence_url  text,
  created_at           timestamptz not null default kit_now(),
  disabled_at          timestamptz
);

create table services_client (
  client_id                 text primary key,
  service_id                uuid not null references services_service,
  confidential              boolean not null,
  redirect_uris             text[] not null,
  post_logout_redirect_uris text[] not null default '{}',
  web_origins               text[] not null default '{}',
  pkce_required             boolean not null default true,
  created_at                timestamptz not null default kit_now(),
  disabled_at               timestamptz
);
create index services_client_by_service on services_client (service_id);

-- Two may be valid at once while a vendor changes over.
create table services_client_secret (
  client_id    text not null references services_client,
  secret_hash  bytea not null,                      -- SHA-256 of 256 random bits
  created_at   timestamptz not null default kit_now(),
  expires_at   timestamptz,
  primary key (client_id, secret_hash)
);

create table services_licence (                     -- GivAdgang
  service_id      uuid not null references services_service,
  institution_id  uuid not null references directory_institution,
  actor_group     text not null default '',         -- '' = all of the institution
  granted_at      timestamptz not null default kit_now(),
  primary key (institution_id, service_id, actor_group)
);

create table services_pairwise (                    -- random, never derived: keys may change, subjects may not (K-17)
  account_id  uuid not null references directory_account,
  sector      text not null,
  subject     uuid not null unique default gen_random_uuid(),
  created_at  timestamptz not null default kit_now(),
  primary key (account_id, sector)
);

-- What was wrong with a request, for the service's developer: unilogin services explain ID.
create table services_incident (
  incident_id  text primary key,
  at           timestamptz not null default kit_now(),
  client_id    text,
  code         text not null,
  detail       jsonb not null
);
create index services_incident_by_time on services_incident (at);

grant select, insert, update on services_service, services_client to unilogin_run;
grant select, insert, update, delete on services_client_secret, services_licence to unilogin_run;
grant select, insert on services_pairwise to unilogin_run;
grant select, insert, delete on services_incident to unilogin_run;
