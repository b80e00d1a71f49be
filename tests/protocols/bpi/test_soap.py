"""The SOAP service wsaIMPORT 8: what it answers, and that the answer is signed."""

import json

from lxml import etree

from tests.protocols.bpi.conftest import OURS
from tests.protocols.bpi.signing import COMMON, SERVICE, System, hello, importing, roster
from tests.roster.documents import document, member, person, student


def test_hello_tells_who_one_is(system: System) -> None:
    answer = system.call(hello(), message_id="d354c8da-51fb-4166-8b2d-2501f8f8f9bd")
    assert (answer.status, answer.text("//uni:helloWorldResult")) == (200, "Hello ABprove1!")
    assert answer.text("//wsa:RelatesTo") == "d354c8da-51fb-4166-8b2d-2501f8f8f9bd"
    assert answer.response.headers["content-type"] == "application/soap+xml; charset=utf-8"
    assert answer.text("//wsa:Action") == f"{SERVICE}/WsaImportPortType/helloWorldWithCertificateResponse"
    assert answer.signed_parts() == {"Action", "MessageID", "RelatesTo", "BinarySecurityToken", "Timestamp", "Body"}


def test_hello_in_the_namespace_of_the_service_is_answered_there(system: System) -> None:
    assert system.call(hello(SERVICE)).text("//tns:helloWorldResult") == "Hello ABprove1!"


def test_namespaces_that_the_signer_keeps_are_kept(system: System) -> None:
    """As CXF and WSS4J sign: exclusive C14N with a list of prefixes that go along."""
    assert system.call(hello(), prefixes=["soap", "wsa"]).status == 200


def test_agreements_are_told_in_both_namespaces(system: System, other: System) -> None:
    for namespace, prefix in ((COMMON, "uni"), (SERVICE, "tns")):
        assert system.call(f'<hentDataAftaler xmlns="{namespace}"/>').text(f"//{prefix}:regnr") == OURS
    assert other.call(f'<hentDataAftaler xmlns="{COMMON}"/>').text("//uni:regnr") == ""


def test_a_delivery_is_loaded_once_and_the_receipt_says_so(system: System) -> None:
    text = roster(OURS, "7103052231", source="soap")
    first = system.deliver(text)
    assert (first.status, first.text("//tns:reskode")) == (200, "OK"), first.response.text
    receipt = json.loads(first.text("//tns:kvittering"))
    assert receipt["counts"] == {"created": 1, "changed": 0, "unchanged": 0, "left": 0, "refused": 0}
    assert "Nye: 1" in first.text("//tns:restekst")
    assert "Body" in first.signed_parts()
    again = system.deliver(text)
    assert again.text("//tns:reskode") == "GENTAGET"
    assert json.loads(again.text("//tns:kvittering"))["delivery_id"] == receipt["delivery_id"]


def test_b_r01_a_delivery_for_another_institution_is_refused(system: System) -> None:
    answer = system.deliver(roster("WS0002", "7103052232", source="soap"))
    assert (answer.status, answer.fault) == (400, "Rettigheder")
    assert answer.text("//soap:Subcode/soap:Value").endswith(":Rettigheder")
    assert "Body" in answer.signed_parts()


def test_a_refused_file_is_a_receipt(system: System) -> None:
    answer = system.call(importing('<UNILoginImport xmlns="https://unilogin.dk/data"/>'))
    assert (answer.status, answer.text("//tns:reskode")) == (200, "AFVIST"), answer.response.text


def test_b_r06_the_answer_says_where_the_roster_is_wrong_and_stands_in_its_schools_history(system: System) -> None:
    text = roster(OURS, "7103052241", source="soap").replace("<Group>", "<Klasse/><Group>", 1)
    answer = system.deliver(text)
    assert answer.text("//tns:reskode") == "AFVIST"
    assert "elementet Klasse, XPath /UNILoginImport/Institution/Klasse." in answer.text("//tns:restekst")
    receipt = json.loads(answer.text("//tns:kvittering"))
    assert receipt["refusal_fields"]["xpath"] == "/UNILoginImport/Institution/Klasse"
    assert (receipt["institution_number"], receipt["source"]) == (OURS, "soap")


def test_a_large_message_is_read_like_a_small_one(system: System) -> None:
    """Above a quarter of a megabyte a process of its own reads it."""
    text = roster(OURS, "7103052239", source="large").replace("<Group>", f"<!--{'x' * 300_000}--><Group>", 1)
    content = etree.tostring(system.signed(importing(text)))
    assert len(content) > 300_000
    changed = system.send(content.replace(b"<Line>B</Line>", b"<Line>C</Line>"))
    assert (changed.fault, "what was signed" in changed.text("//soap:Text[@xml:lang='en']")) == ("Signatur", True)
    assert changed.text("//wsa:RelatesTo")
    answer = system.send(content)
    assert answer.text("//tns:reskode") == "OK", answer.response.text


def test_deltas_and_deletions_come_by_their_own_operations(system: System) -> None:
    """And a delivery that would empty the school waits for two people."""

    def send(hour: int, operation: str, *cprs: str, groups: str | None = None) -> tuple[str, dict[str, int]]:
        members = [member(f"p-{cpr}", person(cpr), student()) for cpr in cprs]
        given = {} if groups is None else {"groups": groups}
        text = document(*members, number=OURS, source="steps", time=f"2025-08-10T{hour:02}:00:00Z", **given)
        answer = system.deliver(text, operation)
        receipt = json.loads(answer.text("//tns:kvittering"))
        return answer.text("//tns:reskode"), {name: n for name, n in receipt["counts"].items() if n}

    first = [f"71030523{i:02}" for i in range(30)]
    assert send(1, "importerXml", *first) == ("OK", {"created": 30})
    assert send(2, "importerDeltaXml", "7103052340") == ("OK", {"created": 1})
    assert send(3, "importerSletXml", "7103052340", groups="") == ("OK", {"left": 1})
    code, _ = send(4, "importerXml", first[0])
    assert code == "PARKERET"
