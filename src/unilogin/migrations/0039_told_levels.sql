-- The grade that a new system's first file tells of a pupil: one that nobody reaches overnight is asked about in the plan.
alter table roster_switch_person add column told_level text;
