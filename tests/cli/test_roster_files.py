"""Invented rosters and exports, as an operator types the commands."""

import zipfile
from pathlib import Path

from tests.cli.conftest import Unilogin


def test_what_is_generated_can_be_loaded_and_exported(unilogin: Unilogin, tmp_path: Path) -> None:
    folder, out = tmp_path / "invented", tmp_path / "school.zip"
    told = unilogin("roster", "generate", "--out", str(folder), "--institutions", "1", "--nights", "1", "--json")
    assert told.code == 0, told.err
    first, night = told.json
    assert (first["folder"], night["folder"]) == (str(folder), str(folder / "night-1"))
    assert unilogin("institutions", "import", str(folder / "institutions.csv")).code == 0
    (receipt,) = unilogin("roster", "import", str(folder / "G00000.xml"), "--json").json
    assert receipt["status"] == "applied"
    assert receipt["findings"] == []
    told = unilogin("roster", "export", "G00000", "--out", str(out), "--json")
    assert told.code == 0, told.err
    assert told.json["rows"]["users"] == first["persons"]
    assert out.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(out) as archive:
        assert "manifest.csv" in archive.namelist()
    assert not list(tmp_path.glob("*.part"))
    told = unilogin("roster", "export", "G00000", "--out", str(out), "--format", "sds", "--domain", "skole.example")
    assert told.code == 0, told.err
    with zipfile.ZipFile(out) as archive:
        assert b"@skole.example," in archive.read("users.csv")
    assert unilogin("roster", "export", "G00000", "--out", str(out), "--domain", "skole.example").code == 2


def test_an_export_of_nobody_or_to_nowhere_says_so(unilogin: Unilogin, tmp_path: Path) -> None:
    told = unilogin("roster", "export", "nobody", "--out", str(tmp_path / "x.zip"))
    assert told.code == 2
    assert "nobody" in told.err
    told = unilogin("roster", "export", "nobody", "--out", str(tmp_path / "missing" / "x.zip"))
    assert told.code == 2
    assert list(tmp_path.iterdir()) == []
