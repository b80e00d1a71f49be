-- Until when somebody was a contact person whom a delivery no longer has: forgotten a year after that, as those who
-- belonged are, and not the next day.
alter table directory_person add column contact_until timestamptz;
