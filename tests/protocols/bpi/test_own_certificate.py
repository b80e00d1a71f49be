"""What our answers are signed with: the newest certificate that is valid, the same on every node."""

import base64

from tests.builders.certificates import Holder
from tests.builders.running import within
from tests.protocols.bpi.conftest import OPERATOR
from tests.protocols.bpi.signing import System, hello
from unilogin.kit.certificates import read_own
from unilogin.kit.secrets import Secrets
from unilogin.protocols.bpi.certificate import save_certificate, signer_of


def test_a_new_certificate_signs_at_once_and_its_key_is_sealed(
    system: System, stranger: Holder, shared_database: str, secrets: Secrets
) -> None:
    made = base64.b64decode(system.call(hello()).text("//wsse:BinarySecurityToken"))
    own = read_own(stranger.key_pem + stranger.pem)
    within(shared_database, lambda tx: save_certificate(tx, own, secrets=secrets, actor=OPERATOR))
    answer = system.call(hello())
    assert base64.b64decode(answer.text("//wsse:BinarySecurityToken")) == stranger.der != made
    assert "Body" in answer.signed_parts()
    signing = within(shared_database, lambda tx: signer_of(tx, secrets, host="localhost"))
    assert signing.own.der == stranger.der
    sealed = within(shared_database, lambda tx: tx.fetchval("select string_agg(key_sealed, '') from bpi_certificate"))
    assert own.key_der not in sealed
