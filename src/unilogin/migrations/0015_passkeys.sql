-- Passkeys (adgangsnøgler): a key pair whose private half never leaves the person's own device or key ring.

create table credentials_passkey (
  passkey_id       uuid primary key default kit_uuid7(),
  credential_id    bytea not null unique check (octet_length(credential_id) between 1 and 1023),
  account_id       uuid not null references directory_account,
  public_key       bytea not null,               -- COSE_Key
  sign_count       bigint not null,              -- as the authenticator counts; 0 for ever when it does not
  name             text not null check (name <> '' and char_length(name) <= 60),
  level            text not null check (level in ('EnFaktor', 'ToFaktor')),  -- of the session that added it (N-101)
  transports       text[] not null default '{}',
  backup_eligible  boolean not null,             -- may live in a key ring that follows the person
  backed_up        boolean not null,
  browser_hash     bytea,                        -- SHA-256 of the cookie of the browser it was last used in: "this device"
  created_at       timestamptz not null default kit_now(),
  last_used_at     timestamptz
);
create index credentials_passkey_by_account on credentials_passkey (account_id);

-- One question to an authenticator, answered at most once, by the browser that was asked.
create table credentials_ceremony (
  challenge_hash  bytea primary key,             -- SHA-256 of the 256 random bits
  purpose         text not null check (purpose in ('add', 'sign in')),
  about           uuid not null,                 -- add: the session, and so the account; sign in: the journey
  browser_hash    bytea not null,                -- SHA-256 of what the browser shows: its cookie
  asked_at        timestamptz not null default kit_now(),
  expires_at      timestamptz not null,
  used_at         timestamptz
);
create index credentials_ceremony_by_about on credentials_ceremony (about);
create index credentials_ceremony_by_expiry on credentials_ceremony (expires_at);

grant select, insert, update, delete on credentials_passkey, credentials_ceremony to unilogin_run;
