-- What an office has decided and a process of its own carries out: a large delivery is released or taken back in
-- minutes, and no page waits that long.

create table roster_task (
  task_id      uuid primary key default kit_uuid7(),
  delivery_id  uuid not null references roster_delivery,
  what         text not null check (what in ('release', 'undo')),
  actor_kind   text not null,
  actor_id     text not null,
  ordered_at   timestamptz not null default kit_now(),
  begun        integer not null default 0,       -- how many times somebody began with it
  done_at      timestamptz,
  answer       text,                             -- what came of it; roster/tasks.py names them
  check ((done_at is null) = (answer is null))
);
create unique index roster_task_open on roster_task (delivery_id) where done_at is null;
create index roster_task_waiting on roster_task (ordered_at) where done_at is null;
create index roster_task_by_delivery on roster_task (delivery_id, ordered_at desc);
grant select, insert, update, delete on roster_task to unilogin_run;
