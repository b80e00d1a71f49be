-- Elevadgang: a check code that the pupil reads off the teacher's screen, claims from the school's own addresses alone,
-- and windows that die with the reason for which they could be opened.

alter table access_school
  add column check_code     boolean not null default false,   -- who claims a window gives the code on the teacher's screen
  add column own_addresses  boolean not null default false;   -- and does so from an address the school has registered

alter table credentials_window
  add column by_right    boolean not null default false,      -- opened by the administrator's right, not as a teacher
  add column check_code  text,                                -- a picture and two digits; emptied when it is over
  add column wrong       smallint not null default 0;         -- check codes that did not fit: five close the window

create table limits_check (                     -- wrong check codes from one address (IPv4 /32, IPv6 /56)
  net    cidr primary key,
  since  timestamptz not null,
  wrong  integer not null
) with (fillfactor = 70);

grant select, insert, update, delete on limits_check to unilogin_run;
