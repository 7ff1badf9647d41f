"""A model server that does what it is told: `python model_server.py SOCKET` or `… PORT`, as a process of its own.

The body of a request is JSON: {"do": …}; anything else is echoed. Nothing here knows Salvia: it stands for a
container under AWS's contract (GET /ping, POST /invocations).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

NAME = os.environ.get("MODEL_NAME", "model")
ABREAST = os.environ.get("MODEL_ABREAST")  # how many requests a client may send on before it is answered
seen = 0


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    global seen
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length") or 0))
            if first.startswith("GET /ping"):
                say(writer, 200, b"")
                continue
            seen += 1
            if not await act(writer, first, headers, body):
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def act(writer: asyncio.StreamWriter, first: str, headers: dict[str, str], body: bytes) -> bool:
    """Answer one request; False closes the connection."""
    try:
        told = json.loads(body)
        what = told.get("do")
    except (ValueError, AttributeError):
        told, what = {}, None
    match what:
        case "tell":  # what it was asked, and who it is
            content: dict[str, Any] = {"name": NAME, "pid": os.getpid(), "line": first, "headers": headers}
            say(writer, 200, json.dumps(content).encode(), {"Content-Type": "application/json"})
        case "answer":
            say(writer, told.get("status", 200), told.get("body", "").encode(), told.get("headers", {}))
        case "sleep":
            await asyncio.sleep(told["seconds"])
            say(writer, 200, NAME.encode())
        case "count":
            say(writer, 200, str(seen).encode())
        case "die":
            os._exit(1)
        case "hang up":
            return False
        case "big":
            say(writer, 200, b"x" * told["bytes"])
        case "twice":  # two answers to one question
            one = b"HTTP/1.1 200 Said\r\nContent-Length: 3\r\n\r\none"
            writer.write(one + one)
        case "garbage":
            writer.write(b"this is no HTTP\r\n\r\n")
        case "raw":  # whatever it is, and then nothing more
            writer.write(told["bytes"].encode("latin-1"))
            await writer.drain()
            return bool(told.get("open"))
        case "until closed":
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end")
            return False
        case "half":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it")
            await writer.drain()
            return False
        case "pieces":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
            for n, piece in enumerate(told.get("pieces") or ["x" * told["size"]] * told["count"]):
                if n:
                    await asyncio.sleep(told.get("seconds", 0))
                writer.write(f"{len(piece):x}\r\n{piece}\r\n".encode())
                await writer.drain()
            if told.get("broken"):
                return False
            writer.write(b"0\r\n\r\n")
        case _:
            say(writer, 200, body, {"Content-Type": headers.get("content-type", "text/plain")})
    return True


def say(writer: asyncio.StreamWriter, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
    headers = {**(headers or {}), **({"X-Salvia-Abreast": ABREAST} if ABREAST else {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {status} Said\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body)


async def main(where: str) -> None:
    if where.isdigit():
        server = await asyncio.start_server(answer, "127.0.0.1", int(where))
    else:
        server = await asyncio.start_unix_server(answer, where)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
