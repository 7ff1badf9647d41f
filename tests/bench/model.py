"""A model server whose model costs nothing: what is left is the path to it. `python model.py SOCKET`."""

from __future__ import annotations

import asyncio
import sys

import httptools
import uvloop

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ncontent-length: 18\r\n\r\n0.7310585786300049"


class Model(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.transport.write(_ANSWER)  # type: ignore[attr-defined]


async def main(path: str) -> None:
    server = await asyncio.get_running_loop().create_unix_server(Model, path)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
