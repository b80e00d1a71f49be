-- Questions to a school. The grade that a new system's first file tells of a pupil: a jump is asked about in the plan.
alter table roster_switch_person add column told_level text;

-- What a delivery asks about is open until somebody of the school has said that it is right.
alter table roster_finding add column answered_at timestamptz, add column answered_by text;
grant update (answered_at, answered_by) on roster_finding to unilogin_run;
