-- A change of system that is taken back takes the CPR numbers along that it brought: one given to the wrong person would
-- let whoever has it in as that person. Kept for as long as the change can be taken back.
alter table roster_switch_person
  add column gave_number  bytea,             -- look-up value of the number that somebody got by the change
  add column had_number   bytea,             -- the one they had before; null: none
  add column had_sealed   bytea;             -- the same, sealed for them
