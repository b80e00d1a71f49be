"""An operator takes a school from one administrative system to another, by the commands of the how-to."""

from pathlib import Path

from tests.builders.running import run
from tests.cli.conftest import Unilogin
from tests.roster.documents import document, member, person, student
from tests.roster.registry import open_registry
from unilogin.kit.secrets import Secrets

ANNA = person("6205162233", first="Anna")


def test_an_operator_changes_the_system_of_a_school(
    unilogin: Unilogin, database: str, secrets: Secrets, tmp_path: Path
) -> None:
    run(open_registry(database, secrets)).deliver(member("o1", ANNA, student()), source="Gammelt")
    file, switch = tmp_path / "new.xml", ("roster", "switch")
    ill = member("n2", person("6305142236", first="Ib"), student(main="findes-ikke"))
    file.write_text(document(member("n1", ANNA, student()), ill, source="Nyt", time="2025-08-11T01:00:00Z"))
    refused = unilogin(*switch, "plan", str(file), "--institution=999001", "--old=Ukendt")
    assert (refused.code, "nobody is there from that system" in refused.err) == (1, True)
    plan = unilogin(*switch, "plan", str(file), "--institution=999001", "--old=Gammelt", "--json").json
    assert (plan["found"], plan["leaving"], plan["state"]) == ({"number": 1}, [], "planned")
    assert plan["unread"]["people"] == 1
    assert plan["unread"]["findings"][0]["local_person_id"] == "n2"
    nobody_asked = unilogin(*switch, "agree", plan["switch_id"])
    assert (nobody_asked.code, "Nothing was agreed to" in nobody_asked.err) == (1, True)
    done = unilogin(*switch, "run", plan["switch_id"], str(file), "--json").json
    assert (done["status"], done["new_accounts"]) == ("applied", 0)
    assert unilogin(*switch, "undo", plan["switch_id"]).code == 0
