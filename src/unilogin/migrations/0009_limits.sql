-- Throttling: how many wrong guesses each account, browser, address and school has made. The numbers themselves stand in
-- domain/limits/rules.py. Nothing here holds a username, a cookie or a secret: only keyed hashes of them.
--
-- Every attempt writes here before its secret is hashed, so the rows are short, never change an indexed column, and
-- leave room on their page for the next version of themselves.

create table limits_bucket (                    -- wrong guesses against one account from one place
  account_key   bytea not null,                 -- keyed hash of the folded username, given to somebody or not
  place         smallint not null,              -- 0 elsewhere, 1 at the account's school, 2 and up: one trusted device
  device        bytea,                          -- keyed hash of the browser's cookie, for a trusted device
  account_id    uuid,                           -- null as long as the name is nobody's
  failures      smallint not null,              -- in a row; an attempt under way counts until it succeeds
  pressure      real not null,                  -- what the wait is made from: as failures, but less by one each hour
  counted_at    timestamptz not null,
  open_at       timestamptz not null,           -- no attempt before this
  day           date not null,
  day_failures  smallint not null,              -- on that day, whatever succeeded in between
  prints        bytea not null,                 -- keyed hashes of the last three secrets, 8 bytes each, newest first
  verdict       text not null,                  -- on the latest attempt
  used_at       timestamptz not null,           -- last success: trust ends long after it
  primary key (account_key, place)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
create index limits_bucket_by_account on limits_bucket (account_id) where account_id is not null;

create table limits_device (                    -- one browser over many accounts
  device        bytea primary key,
  since         timestamptz not null,
  failed        integer not null,
  succeeded     integer not null,
  accounts      bytea[] not null,               -- which failed, at most as many as the rule counts
  paused_until  timestamptz,
  next_at       timestamptz                     -- where attempts are slowed: this browser's next turn
) with (fillfactor = 70);

create table limits_net (                       -- one address (IPv4 /32, IPv6 /56) that belongs to no school
  net    cidr primary key,
  level  real not null,                         -- failures that have not leaked away
  at     timestamptz not null
) with (fillfactor = 70);

create table limits_site (                      -- one registered range of a school, or of several behind one line
  range         cidr primary key,
  pupils        integer not null,               -- of all its institutions: what its budget is made from
  since         timestamptz not null default kit_now(),
  failures      integer not null default 0,
  unknown       integer not null default 0,     -- of these, for names that are nobody's
  day           date not null default '-infinity',
  day_failures  integer not null default 0,
  slow_until    timestamptz
) with (fillfactor = 70);

create table limits_site_range (                -- which institutions are behind a range
  range           cidr not null references limits_site,
  institution_id  uuid not null,
  added_at        timestamptz not null default kit_now(),
  primary key (range, institution_id)
);
create index limits_site_range_by_address on limits_site_range using gist (range inet_ops);

create table limits_spray (                     -- one secret over many accounts; the key of its hash changes every hour
  print          bytea primary key,
  since          timestamptz not null,
  taken          bytea[] not null,              -- site and account of each attempt under way or failed
  failed         bytea[] not null,              -- of these, the failed ones
  refused_until  timestamptz
) with (fillfactor = 70);

create table limits_client (                    -- a service's client that fails to prove itself, from one address
  client_key  bytea not null,
  net         cidr not null,
  since       timestamptz not null,
  failures    integer not null,
  primary key (client_key, net)
) with (fillfactor = 70);

create table limits_decoy (                     -- one row: how unknown names divide between the kinds of page
  one_row         boolean primary key default true check (one_row),
  pictures_share  real not null check (pictures_share between 0 and 1),
  settled_at      timestamptz not null default kit_now()
);
insert into limits_decoy (pictures_share) values (0.36);

grant select, insert, update, delete on limits_bucket, limits_device, limits_net, limits_site, limits_site_range,
  limits_spray, limits_client to unilogin_run;
grant select, update on limits_decoy to unilogin_run;
