"""Studio's server: what two hundred open pages cost a gateway."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time

from tests.bench.peers import CREATE, cpu
from tests.conftest import Server
from tests.studio import Page, link

_PAGES = 200
_SECONDS, _EVERY = 20.0, 0.5  # a job, which fails soon, every half second
_NOUNS = "TrainingJob,ProcessingJob,TransformJob,Endpoint"


def figures(server: Server) -> dict[str, float]:
    """Cores, on a server that has many jobs."""
    salvia = server.client("salvia")
    pages = [Page(server) for _ in range(_PAGES)]
    for page in pages:
        assert page.sign_in(link(salvia)).status == 200
    found = {}
    for asks in (False, True):
        share, heard = asyncio.run(_open(server, pages, asks=asks))
        what = "open pages that ask anew for the newest 100 jobs" if asks else "streams alone"
        found[f"{_PAGES} {what}, cores"] = share
        found[f"{_PAGES} {what}: events a page"] = heard / _PAGES
    return found


async def _open(server: Server, pages: list[Page], *, asks: bool) -> tuple[float, int]:
    """Cores of the gateways while jobs come and end, and how many events all pages heard."""
    heard = [0]
    tasks = [asyncio.create_task(_listen(page, heard, asks=asks)) for page in pages]
    await asyncio.sleep(3)
    jobs = threading.Thread(target=_jobs, args=(server,))
    gateways = server.pids("gateway")
    before, begun = cpu(gateways), time.monotonic()
    jobs.start()
    await asyncio.to_thread(jobs.join)
    share = (cpu(gateways) - before) / (time.monotonic() - begun)
    for task in tasks:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    failed = [one for one in done if one is not None and not isinstance(one, asyncio.CancelledError)]
    assert not failed, failed[0]
    return share, heard[0]


def _jobs(server: Server) -> None:
    sagemaker, end = server.client("sagemaker"), time.monotonic() + _SECONDS
    while time.monotonic() < end:
        sagemaker.create_training_job(TrainingJobName=f"seen-{secrets.token_hex(6)}", **CREATE)
        time.sleep(_EVERY)


async def _listen(page: Page, heard: list[int], *, asks: bool) -> None:
    """A page: it listens, and a tenth of a second after the first change of a burst it asks anew."""
    reader, writer = await asyncio.open_connection("127.0.0.1", page.server.port)
    writer.write(_head(page, "GET", f"/_live?nouns={_NOUNS}") + b"\r\n")
    asking = await asyncio.open_connection("127.0.0.1", page.server.port) if asks else None
    pending: asyncio.Task[None] | None = None
    while True:
        line = await reader.readline()
        assert line, "the stream ended"
        if line == b"event: change\n":
            heard[0] += 1
            if asking is not None and (pending is None or pending.done()):
                pending = asyncio.create_task(_ask(page, *asking))


async def _ask(page: Page, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.1)
    body = json.dumps({"MaxResults": 100, "SortBy": "CreationTime", "SortOrder": "Descending"}).encode()
    headers = (
        f"Origin: {page.origin}\r\nX-Salvia-Csrf: {page.csrf}\r\nX-Amz-Target: sagemaker.ListTrainingJobs\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write(_head(page, "POST", "/") + headers.encode() + body)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.partition(b":")[2]))


def _head(page: Page, method: str, path: str) -> bytes:
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {page.host}\r\nCookie: {page.cookie}\r\nSec-Fetch-Site: same-origin\r\n"
    ).encode()
