"""F-31: an export while deliveries come is of one moment, whatever comes between two of its tables."""

import asyncio
import csv
import io
import threading
import zipfile

from tests.roster.documents import document, member, person, student
from tests.roster.registry import OPERATOR, SOURCE, Registry
from unilogin.kit.db.connection import connect
from unilogin.roster.actions import import_file
from unilogin.roster.export import export_institution
from unilogin.roster.model import DeliveryStatus, ExportFormat


def pupils(*numbers: int, hour: int) -> str:
    members = (member(f"e-{n}", person(f"62051{n:05}", first=f"Barn{n}"), student()) for n in numbers)
    return document(*members, time=f"2025-08-11T{hour:02}:00:00Z")


class Between(io.BytesIO):
    """Takes an export, and lets a delivery come in after the first of its tables."""

    def __init__(self, registry: Registry) -> None:
        super().__init__()
        self._registry = registry
        self.came: list[DeliveryStatus] = []

    def write(self, data: object, /) -> int:
        written = super().write(data)  # type: ignore[arg-type]
        if self.tell() > 200 and not self.came:
            thread = threading.Thread(target=asyncio.run, args=(self._deliver(),))
            thread.start()
            thread.join(timeout=120)
        return written

    async def _deliver(self) -> None:
        connection = await connect(self._registry.dsn, role="unilogin_run")
        try:
            file = io.BytesIO(pupils(1, 3, 4, hour=2).encode())
            told = await import_file(connection, file, secrets=self._registry.secrets, actor=SOURCE)
            self.came.append(told.status)
        finally:
            await connection.close()


def test_f_31_an_export_is_of_one_moment_whatever_comes_meanwhile(registry: Registry) -> None:
    registry.send(pupils(1, 2, 3, hour=1))
    out = Between(registry)
    exported = registry.do(
        lambda connection: export_institution(
            connection, "999001", out=out, written_as=ExportFormat.ONEROSTER, actor=OPERATOR
        )
    )
    assert out.came == [DeliveryStatus.APPLIED]
    with zipfile.ZipFile(io.BytesIO(out.getvalue())) as archive:
        tables = {
            name: list(csv.DictReader(io.StringIO(archive.read(name).decode())))
            for name in ("users.csv", "roles.csv", "enrollments.csv")
        }
    known = {row["sourcedId"] for row in tables["users.csv"]}
    assert len(known) == 3
    assert {row["userSourcedId"] for row in tables["roles.csv"]} == known
    assert {row["userSourcedId"] for row in tables["enrollments.csv"]} == known
    assert {row["givenName"] for row in tables["users.csv"]} == {"Barn1", "Barn2", "Barn3"}
    assert exported.rows["users"] == 3
