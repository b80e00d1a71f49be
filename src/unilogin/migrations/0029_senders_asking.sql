-- Senders ask what became of a delivery; certificates that their authority has taken back are believed no more.

-- The same file again is answered with what became of it, also when a later one took its place.
create index roster_delivery_overtaken on roster_delivery (institution_id, source, source_time)
  where status = 'overtaken';
create index roster_delivery_by_sender on roster_delivery (institution_id, actor_id, received_at)
  where actor_kind = 'source';

-- The certificate and those above it, in DER, the first is the system's own: what revocation lists are checked with.
-- Empty for those registered before, or on somebody's word alone.
alter table roster_certificate add column chain bytea[] not null default '{}';
