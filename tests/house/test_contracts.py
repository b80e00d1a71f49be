"""The import contracts hold, and they bite: each is broken on purpose in a copy, and must notice."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.house.source import PACKAGE, ROOT, read

BREAKS = (
    # a room uses only what stands below it
    ("floors", "kit/ids.py", "from unilogin.domain.directory.model import Person"),
    ("floors", "kit/web/pages.py", "from unilogin.house import House"),
    ("floors", "domain/services/rules.py", "from unilogin.house import REALM"),
    ("floors", "domain/audit/actions.py", "from unilogin.signin import gate"),
    ("floors", "house.py", "from unilogin.signin.model import Journey"),
    ("floors", "signin/gate.py", "from unilogin.apps.support import pages"),
    ("floors", "apps/support/pages.py", "from unilogin.urls import URLS"),
    ("floors", "signin/pages.py", "from unilogin.settings import Settings"),
    ("floors", "settings.py", "from unilogin.urls import URLS"),
    ("floors", "urls.py", "from unilogin.main import create_app"),
    ("floors", "main.py", "from unilogin.demo import cast"),
    ("floors", "demo/start.py", "from unilogin.cli import workplace"),
    ("floors", "jobs.py", "from unilogin.urls import URLS"),
    ("floors", "locale/__init__.py", "from unilogin.kit import text"),
    ("floors", "migrations/__init__.py", "from unilogin.kit.db import migrate"),
    ("floors", "signin/rules.py", "from unilogin.protocols.oidc.model import Client"),
    ("floors", "signin/steps/username.py", "from unilogin.roster.model import Receipt"),
    ("floors", "roster/model.py", "from unilogin.signin.model import Journey"),
    ("floors", "apps/support/pages.py", "from unilogin.protocols.oidc import checks"),
    ("floors", "protocols/oidc/checks.py", "from unilogin.apps.support import pages"),
    ("floors", "roster/senders/queries.py", "from unilogin.protocols.bpi.model import Call"),
    ("floors", "recovery/rules.py", "from unilogin.protocols.oidc import checks"),
    ("floors", "signin/rules.py", "from unilogin.recovery.model import Permit"),
    # a new room needs a place
    ("floors", "library/__init__.py", '"""A room nobody gave a place."""'),
    ("domain", "domain/library/__init__.py", '"""A room nobody gave a place."""'),
    ("protocols", "protocols/library/__init__.py", '"""A room nobody gave a place."""'),
    ("protocols", "protocols/bpi/access.py", "from unilogin.protocols.oidc.access import CLIENT"),
    ("apps", "apps/library/__init__.py", '"""A room nobody gave a place."""'),
    # the rooms of the domain stand in order
    ("domain", "domain/sessions/model.py", "from unilogin.domain.credentials.model import SecretType"),
    ("domain", "domain/services/model.py", "from unilogin.domain.sessions.model import Session"),
    ("domain", "domain/access/queries.py", "from unilogin.domain.services import queries"),
    ("domain", "domain/directory/queries.py", "from unilogin.domain.access import queries"),
    ("domain", "domain/keys/actions.py", "from unilogin.domain.directory.model import PersonId"),
    ("domain", "domain/limits/rules.py", "from unilogin.domain.keys.model import KeyState"),
    ("domain", "domain/keys/actions.py", "from unilogin.domain.limits import rules"),
    ("domain", "domain/audit/model.py", "from unilogin.domain.keys.model import SigningKey"),
    # the learning service proves the protocol, not our own code
    ("relying-party", "demo/relying_party/provider.py", "from unilogin.kit import jose"),
    ("relying-party", "demo/relying_party/claims.py", "from unilogin.demo import town"),
    # decisions are pure
    ("decisions", "domain/credentials/rules.py", "import secrets"),
    ("decisions", "domain/directory/rules.py", "import random"),
    ("decisions", "domain/keys/rules.py", "import time"),
    ("decisions", "domain/services/release.py", "from unilogin.domain.services import queries"),
    ("decisions", "domain/services/rules.py", "import httpx"),
    ("decisions", "domain/sessions/model.py", "from unilogin.kit.db.connection import Transaction"),
    ("decisions", "recovery/rules.py", "from unilogin.recovery import queries"),
    ("writes", "recovery/actions.py", "from unilogin.house import House"),
    ("decisions", "signin/rules.py", "from starlette.requests import Request"),
    ("decisions", "signin/model.py", "from unilogin.kit.ids import new_token"),
    # reads and writes see no HTTP
    ("writes", "domain/sessions/actions.py", "from starlette.responses import Response"),
    ("writes", "domain/directory/queries.py", "from unilogin.kit.web.errors import RefusedError"),
    ("writes", "signin/actions.py", "from unilogin.house import House"),
    ("writes", "signin/queries.py", "from starlette.requests import Request"),
    # one door to each dangerous library
    ("xml", "domain/directory/rules.py", "from lxml import etree"),
    ("xml", "kit/text.py", "import xml.etree.ElementTree"),
    ("xml", "protocols/bpi/envelope.py", "from signxml import XMLVerifier"),
    ("jose", "domain/keys/actions.py", "from joserfc import jws"),
    ("jose", "signin/pages.py", "import jwt"),
    ("jose", "kit/ids.py", "from authlib.jose import jwt"),
    # one door to the outside
    ("mail", "domain/notices/actions.py", "import smtplib"),
    ("outbound", "protocols/oidc/actions.py", "import httpx"),
    ("outbound", "kit/jose.py", "from requests import get"),
    ("secrets", "kit/secrets.py", "import argon2"),
    ("secrets", "signin/steps/password.py", "from argon2 import PasswordHasher"),
    ("secrets", "signin/gate.py", "import webauthn"),
    ("secrets", "kit/web/forms.py", "from webauthn.helpers import parse_cbor"),
    # people are written in bulk by rosters alone
    ("bulk", "domain/services/actions.py", "from unilogin.domain.directory import bulk"),
    ("bulk", "domain/directory/actions.py", "from unilogin.domain.directory import bulk_people"),
    ("bulk", "signin/actions.py", "from unilogin.domain.directory.bulk_staging import Origin"),
    ("writes", "domain/directory/bulk_people.py", "from starlette.requests import Request"),
    # no circles
    ("circles", "kit/errors.py", "from unilogin.kit.web import errors"),
    ("circles", "signin/model.py", "from unilogin.signin import pages"),
    ("circles", "domain/directory/model.py", "from unilogin.domain.directory.rules import fold"),
)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the linter said of the untouched copy (under "") and of each break."""
    copy = tmp_path_factory.mktemp("contracts")
    shutil.copytree(PACKAGE, copy / "unilogin", ignore=_all_but_python)
    breaking = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("break_contracts.py")), str(copy), str(ROOT / "pyproject.toml")],
        input=json.dumps(BREAKS),
        env=os.environ | {"PYTHONPATH": str(copy)},
        cwd=copy,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str] = json.loads(breaking.stdout)
    return found


def _all_but_python(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".py") and not Path(folder, name).is_dir()]


def test_the_contracts_hold(verdicts: dict[str, str]) -> None:
    assert verdicts[""] == "kept"


@pytest.mark.parametrize(("contract", "file", "line"), BREAKS, ids=[f"{c}: {f}" for c, f, _ in BREAKS])
def test_a_forbidden_import_breaks_its_contract(verdicts: dict[str, str], contract: str, file: str, line: str) -> None:
    assert verdicts[f"{contract} {file} {line}"] == "broken"


def test_every_contract_is_broken_on_purpose() -> None:
    assert set(contracts()) == {contract for contract, _, _ in BREAKS}


def test_layers_are_exhaustive_and_none_is_optional() -> None:
    for name, contract in contracts().items():
        if contract["type"] == "layers":
            assert contract["exhaustive"] is True, name
            assert not [layer for layer in contract["layers"] if "(" in layer], name


def test_every_file_of_bulk_writes_is_protected() -> None:
    files = {f"unilogin.domain.directory.{path.stem}" for path in (PACKAGE / "domain/directory").glob("bulk*.py")}
    assert set(contracts()["bulk"]["protected_modules"]) == files
    assert files <= set(contracts()["writes"]["source_modules"])


def contracts() -> dict[str, dict[str, Any]]:
    listed = tomllib.loads(read(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    return {contract["id"]: contract for contract in listed}
