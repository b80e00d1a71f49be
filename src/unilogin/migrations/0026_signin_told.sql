-- What somebody who came back from a provider was told, so that a reload, or the page in another language, says it again:
-- {"why": …, "institutions": [names], "incident": …}; never who it was. It goes with the errand.
alter table signin_errand add column told jsonb;

-- How often a secret was thought of, or asked for, with leave: each try is hashed and compared with the last ones.
alter table recovery_permit add column tries smallint not null default 0;
