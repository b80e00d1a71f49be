-- People whom an institution's administrator has added by hand, until when, and who said so.

create table directory_manual (
  membership_id  uuid primary key references directory_membership,
  until_at       timestamptz not null,
  confirmed_at   timestamptz not null default kit_now(),
  confirmed_by   uuid not null,                    -- the account of the administrator
  reminded_at    timestamptz                       -- administrators were told that it ends, since it was confirmed
);
create index directory_manual_by_end on directory_manual (until_at);

grant select, insert, update, delete on directory_manual to unilogin_run;
