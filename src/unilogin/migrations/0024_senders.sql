-- Who may deliver rosters, for which institutions, and how they prove who they are.

create table roster_sender (                 -- a system that delivers for schools (udbydersystem)
  sender_id   uuid primary key default kit_uuid7(),
  system_id   text not null unique check (system_id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),  -- UdbydersystemId
  name        text not null check (name <> ''),
  created_at  timestamptz not null default kit_now(),
  stopped_at  timestamptz
);

create table roster_agreement (              -- the institution lets it deliver (dataaftale)
  sender_id       uuid not null references roster_sender,
  institution_id  uuid not null references directory_institution,
  agreed_at       timestamptz not null default kit_now(),
  ended_at        timestamptz,
  primary key (sender_id, institution_id)
);
create index roster_agreement_by_institution on roster_agreement (institution_id);

create table roster_certificate (            -- what its SOAP messages are signed with
  fingerprint  bytea primary key check (length(fingerprint) = 32),  -- SHA-256 of the certificate
  sender_id    uuid not null references roster_sender,
  subject      text not null,
  valid_from   timestamptz not null,         -- of the whole chain, where one was checked
  valid_until  timestamptz not null,
  chained      boolean not null,             -- issued by an authority that the operator named
  added_at     timestamptz not null default kit_now(),
  removed_at   timestamptz,
  check (valid_from < valid_until)
);
create index roster_certificate_by_sender on roster_certificate (sender_id);

create table roster_token (                  -- what its uploads by HTTPS carry
  token_id         uuid primary key default kit_uuid7(),
  token_hash       bytea not null unique check (length(token_hash) = 32),  -- SHA-256; the token is shown once
  sender_id        uuid not null references roster_sender,
  institution_ids  uuid[],                   -- null: all that the sender has an agreement with
  created_at       timestamptz not null default kit_now(),
  expires_at       timestamptz not null,
  revoked_at       timestamptz
);
create index roster_token_by_sender on roster_token (sender_id);

create table roster_message (                -- signed messages that were taken: none is taken twice
  sender_id     uuid not null references roster_sender,
  message_hash  bytea not null,              -- SHA-256 of the MessageID
  expires_at    timestamptz not null,        -- until then its Timestamp might still be believed
  primary key (sender_id, message_hash)
);
create index roster_message_by_expiry on roster_message (expires_at);

-- What the answers of the SOAP services are signed with: one certificate for all nodes.
create table bpi_certificate (
  fingerprint  bytea primary key check (length(fingerprint) = 32),
  certificate  bytea not null,               -- DER
  key_sealed   bytea not null,               -- private key, sealed with a key outside the database
  valid_until  timestamptz not null,
  since        timestamptz not null default kit_now()   -- the newest one signs
);

grant select, insert, update on roster_sender, roster_agreement, roster_certificate, roster_token to unilogin_run;
grant select, insert, delete on roster_message to unilogin_run;
grant select, insert, update (since) on bpi_certificate to unilogin_run;
