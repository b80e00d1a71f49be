"""The client of the how-to, which vendors copy: zeep with a plugin that signs the four parts."""

import importlib.util
from types import ModuleType

import pytest
from zeep.exceptions import Fault

from tests.builders.certificates import Holder
from tests.house.source import ROOT
from tests.protocols.bpi.conftest import OURS, THEIRS
from tests.protocols.bpi.signing import System, roster


@pytest.fixture(scope="module")
def vendor() -> ModuleType:
    """The example, as a module."""
    spec = importlib.util.spec_from_file_location("vendor", ROOT / "docs/how-to/wsaimport_client.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_client_made_from_the_description_delivers(vendor: ModuleType, system: System, holder: Holder) -> None:
    client = vendor.connect(system.endpoint, system.system_id, holder.key_pem + holder.pem)
    assert client.service.helloWorldWithCertificate() == "Hello ABprove1!"
    agreements = client.service.hentDataAftaler()
    assert (OURS in agreements, THEIRS in agreements) == (True, False)
    receipt = vendor.deliver(client, "full", roster(OURS, "7103052234", source="zeep").encode())
    assert (receipt["status"], receipt["counts"]["created"]) == ("applied", 1)
    with pytest.raises(Fault, match=f"institution {THEIRS}") as caught:
        vendor.deliver(client, "full", roster(THEIRS, "7103052235", source="zeep").encode())
    assert caught.value.subcodes[0].localname == "Rettigheder"
    assert client.wsse.answered_by is not None
    client.transport.session.close()
