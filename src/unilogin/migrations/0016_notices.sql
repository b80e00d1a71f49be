-- People are told what happened to their sign-in: by e-mail where there is an address, and on their own page.

create table notices_notice (                  -- one thing that happened; written in the transaction of the act
  notice_id    uuid primary key default kit_uuid7(),
  account_id   uuid not null,                  -- whom it is about; no foreign keys on what grows every day, see 0007
  kind         text not null,
  detail       jsonb not null default '{}',    -- words of ours: never a name, a username, a secret or a CPR number
  happened_at  timestamptz not null default kit_now(),
  last_at      timestamptz not null default kit_now(),
  times        integer not null default 1,     -- the same again before it was carried is told in one letter
  due_at       timestamptz not null,           -- not before: one letter about the same in an hour
  settled_at   timestamptz                     -- its letters are written
);
-- At most one of a kind waits for an account: what happens meanwhile is added to it, however many come at once.
create unique index notices_notice_open on notices_notice (account_id, kind) where settled_at is null;
create index notices_notice_due on notices_notice (due_at) where settled_at is null;
create index notices_notice_by_account on notices_notice (account_id, last_at);
create index notices_notice_by_time on notices_notice using brin (happened_at);

create table notices_letter (                  -- one notice to one person: the owner of the account, or a guardian
  notice_id    uuid not null references notices_notice on delete cascade,
  person_id    uuid not null,
  written_at   timestamptz not null default kit_now(),
  next_try_at  timestamptz not null default kit_now(),  -- while somebody tries: when another may
  attempts     integer not null default 0,
  last_answer  text,                           -- a word of ours for what the mail server said
  sent_at      timestamptz,
  given_up_at  timestamptz,
  primary key (notice_id, person_id)
);
create index notices_letter_waiting on notices_letter (next_try_at) where sent_at is null and given_up_at is null;
create index notices_letter_given_up on notices_letter (given_up_at) where given_up_at is not null;
create index oidc_logout_notice_given_up on oidc_logout_notice (given_up_at) where given_up_at is not null;

grant select, insert, update, delete on notices_notice, notices_letter to unilogin_run;
