-- When somebody logs out, the services of the session are told.

alter table services_client
  add column backchannel_logout_uri   text,  -- told by us, from machine to machine: the promise
  add column frontchannel_logout_uri  text;  -- shown in the browser on its way out: worth a try

-- The row that says that a session has ended is itself the entry in the queue, so the two cannot come apart.
alter table sessions_session add column announced_at timestamptz;
create index sessions_session_unannounced on sessions_session (ended_at)
  where ended_at is not null and announced_at is null;

create table oidc_logout_notice (             -- one client to be told of the end of one session; no foreign keys, see 0007
  session_id    uuid not null,
  client_id     text not null,
  subject       uuid not null,                -- as whom the service knew the person
  queued_at     timestamptz not null default kit_now(),
  next_try_at   timestamptz not null default kit_now(),  -- while somebody tries: when another may
  attempts      integer not null default 0,
  last_answer   text,                         -- a status, or a word for why there was none
  told_at       timestamptz,
  given_up_at   timestamptz,
  primary key (session_id, client_id)
);
create index oidc_logout_notice_waiting on oidc_logout_notice (client_id, next_try_at)
  where told_at is null and given_up_at is null;
create index oidc_logout_notice_by_time on oidc_logout_notice using brin (queued_at);

grant select, insert, update, delete on oidc_logout_notice to unilogin_run;
