"""A courier that dies the moment the mail server has said yes: ``python -m tests.domain.notices.killed DSN PORT``."""

import asyncio
import os
import signal
import sys

from unilogin.domain.notices.courier import Courier
from unilogin.domain.notices.model import Addresses
from unilogin.kit import faults
from unilogin.kit.db.connection import open_pool
from unilogin.kit.mail import MailServer
from unilogin.kit.text import load_texts


async def die(point: str) -> None:
    if point == "notices.letter.taken":
        os.kill(os.getpid(), signal.SIGKILL)


async def work(dsn: str, port: int) -> None:
    pool = await open_pool(dsn, role="unilogin_run", size=1)
    server = MailServer("localhost", port, "none", "unilogin@klitborg.example")
    addresses = Addresses(
        "https://login.klitborg.example", "https://login.klitborg.example/mit", "login.klitborg.example"
    )
    await Courier(pool, load_texts(), addresses, server).look()


if __name__ == "__main__":
    faults.install(die)
    asyncio.run(work(sys.argv[1], int(sys.argv[2])))
