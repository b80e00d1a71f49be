"""Families for tests: what schools tell about who has custody of whom, and how it changes."""

from dataclasses import dataclass
from datetime import date

from tests.builders.people import People, Somebody
from tests.builders.running import connect, run


@dataclass(frozen=True, slots=True)
class Families:
    """Changes what is told about people in one database."""

    people: People

    def custody(self, parent: Somebody, child: Somebody, *, custody: bool = True) -> None:
        """Let the child's schools say that this is a contact person, with custody or without."""
        self._run(
            "insert into directory_contact (membership_id, contact_person_id, relation, child_custody, access_level)"
            " select membership_id, $2, 'Mor', $3, 1 from directory_membership where person_id = $1"
            " on conflict (membership_id, contact_person_id) do update set child_custody = excluded.child_custody",
            child.person_id,
            parent.person_id,
            custody,
        )

    def custody_at_one_school(self, parent: Somebody, child: Somebody, *, custody: bool) -> None:
        """Let one of the child's schools, and no other, say something else."""
        self._run(
            "update directory_contact set child_custody = $3 where contact_person_id = $2 and membership_id ="
            " (select membership_id from directory_membership where person_id = $1 order by membership_id limit 1)",
            child.person_id,
            parent.person_id,
            custody,
        )

    def custody_where_no_grade_is_known(self, parent: Somebody, child: Somebody, *, custody: bool) -> None:
        """Let the child's places without a grade, and no others, say something else."""
        self._run(
            "update directory_contact set child_custody = $3 where contact_person_id = $2 and membership_id in"
            " (select membership_id from directory_membership where person_id = $1 and level is null)",
            child.person_id,
            parent.person_id,
            custody,
        )

    def born(self, somebody: Somebody, day: date) -> None:
        """Let somebody have a date of birth."""
        self._run("update directory_person set birth_date = $2 where person_id = $1", somebody.person_id, day)

    def called(self, somebody: Somebody, first: str, family: str) -> None:
        """Give somebody a name."""
        self._run(
            "update directory_person set first_name = $2, family_name = $3 where person_id = $1",
            somebody.person_id,
            first,
            family,
        )

    def protect(self, somebody: Somebody, alias: str) -> None:
        """Let somebody have a protected name and address."""
        self._run(
            "update directory_person set protected = true, alias_first_name = $2, alias_family_name = 'Alias'"
            " where person_id = $1",
            somebody.person_id,
            alias,
        )

    def in_class(self, pupil: Somebody, name: str) -> None:
        """Put a pupil in a class at each of its schools."""
        self._run(
            "with made as (insert into directory_group (institution_id, source, group_id, name, type)"
            " select institution_id, 'tests', $2 || ' ' || membership_id, $2, 'Hovedgruppe' from directory_membership"
            " where person_id = $1 returning group_key, institution_id)"
            " insert into directory_group_member (group_key, membership_id, main)"
            " select group_key, membership_id, true from made join directory_membership using (institution_id)"
            " where person_id = $1",
            pupil.person_id,
            name,
        )

    def also_at(self, pupil: Somebody, school: str, *, group: str = "Elev", level: str | None = "2") -> None:
        """Let somebody belong to one more institution that there is."""
        self._run(
            "insert into directory_membership (person_id, institution_id, source, local_person_id, actor_group, roles,"
            " level, raw_hash) select $1::uuid, institution_id, 'tests', 'also ' || $1::uuid, $3, array['x'], $4, ''"
            " from directory_institution where number = $2",
            pupil.person_id,
            school,
            group,
            level,
        )

    def _run(self, sql: str, *arguments: object) -> None:
        run(self._execute(sql, *arguments))

    async def _execute(self, sql: str, *arguments: object) -> None:
        connection = await connect(self.people.dsn)
        try:
            await connection.execute(sql, *arguments)
        finally:
            await connection.close()
