"""A browser's part in talking to Studio, byte by byte: for tests of what a page's requests are answered, and others."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import time
from dataclasses import dataclass, field
from typing import Any

from tests.conftest import Server


@dataclass
class Response:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def cookie(self) -> str:
        """NAME=VALUE of the cookie that it sets."""
        return (self.headers["set-cookie"] or "").partition(";")[0]


@dataclass
class Page:
    """A page of Studio in one browser, which keeps the session's cookie."""

    server: Server
    host: str = ""
    cookie: str = ""
    csrf: str = ""
    region: str = ""
    who: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.host = self.host or f"studio.localhost:{self.server.port}"

    @property
    def origin(self) -> str:
        return f"{self.server.url.partition(':')[0]}://{self.host}"

    def request(self, method: str, path: str, content: Any = None, **headers: str | None) -> Response:
        """One request, as the page makes it; `headers` (Some_Name) replace what a browser sends, None leaves it out."""
        sent: dict[str, str | None] = {
            "Host": self.host,
            "Origin": self.origin if method not in ("GET", "HEAD") else None,
            "Sec-Fetch-Site": "same-origin",
            "Cookie": self.cookie or None,
            "X-Salvia-Csrf": self.csrf or None,
            "X-Salvia-Region": self.region or None,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        body = content if isinstance(content, bytes) or content is None else json.dumps(content).encode()
        if self.server.url.startswith("https"):
            trusted = ssl.create_default_context(cafile=str(self.server.home / "ca-bundle.pem"))
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                "127.0.0.1", self.server.port, timeout=60, context=trusted
            )
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        try:
            connection.request(method, path, body, {name: value for name, value in sent.items() if value is not None})
            answer = connection.getresponse()
            return Response(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def sign_in(self, link: str = "", **given: str) -> Response:
        """Sign in by a link, one of the administrator's by default, or with what is `given`."""
        if not given:
            link = link or self.server.salvia("studio", "--link").stdout.strip()
            assert re.fullmatch(re.escape(self.origin) + r"/link#[\w-]{43}", link), link
            given = {"Token": link.partition("#")[2]}
        answer = self.request("POST", "/_session", given)
        if answer.status == 200:
            self.who, self.cookie, self.csrf = answer.json, answer.cookie, answer.json["Csrf"]
        return answer

    def call(self, target: str, **request: Any) -> Response:
        """`call("sagemaker.ListTrainingJobs")`: an operation, as the page asks for it."""
        return self.request("POST", "/", request, X_Amz_Target=target)

    def result(self, target: str, **request: Any) -> dict[str, Any]:
        """What it answers."""
        answer = self.call(target, **request)
        assert answer.status == 200, answer.body
        return answer.json


class Stream:
    """A page's EventSource on `/_live`."""

    def __init__(self, page: Page, nouns: str, timeout: float = 30, **headers: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", page.server.port, timeout=timeout)
        sent = {"Host": page.host, "Cookie": page.cookie, "Sec-Fetch-Site": "same-origin", **headers}
        region = f"&region={page.region}" if page.region else ""
        self._connection.request("GET", f"/_live?nouns={nouns}{region}", headers=sent)
        self.response = self._connection.getresponse()
        if self.response.status == 200:
            assert self.block() == ["retry: 2000"]  # by then it listens

    def block(self) -> list[str]:
        """The lines of the next event or comment; none when the stream has ended."""
        lines = []
        while line := self.response.readline().decode().rstrip("\n"):
            lines.append(line)
        return lines

    def event(self) -> dict[str, Any]:
        """The next change."""
        deadline = time.monotonic() + 30
        while (lines := self.block())[:1] == [":"]:
            assert time.monotonic() < deadline, "nothing but comments"
        assert lines[0] == "event: change", lines
        return json.loads(lines[1].removeprefix("data: "))

    def until(self, **wanted: str) -> dict[str, Any]:
        """The next change that has those members, soon."""
        deadline = time.monotonic() + 30
        while True:
            event = self.event()
            assert time.monotonic() < deadline, event
            if wanted.items() <= event.items():
                return event

    def close(self) -> None:
        self.response.close()
        self._connection.close()


def link(client: Any) -> str:
    """A link of whoever the boto3 client `salvia` is."""
    return client.create_sign_in_link()["AuthorizedUrl"]
