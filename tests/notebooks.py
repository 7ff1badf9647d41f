"""Notebook instances of one server, and a browser's way to what they serve."""

from __future__ import annotations

import base64
import http.client
import json
import re
import secrets
import shutil
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.conftest import ROLE, Server, eventually, reader

GROUP = "/aws/sagemaker/NotebookInstances"


def with_jupyterlab(server: Server) -> Server:
    """The server with JupyterLab itself: the stand-in of the other tests is taken away."""
    server.down()
    shutil.rmtree(server.home / "containers" / "jupyterlab")
    server.up()
    return server


@dataclass
class Notebooks:
    """Each has a name of its own."""

    server: Server
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sagemaker = self.server.client("sagemaker")

    def create(self, *, wait: bool = True, timeout: float = 60, **more: Any) -> str:
        """Create one; returns its name."""
        name = f"nb-{secrets.token_hex(4)}"
        self.sagemaker.create_notebook_instance(
            **{"NotebookInstanceName": name, "InstanceType": "ml.t3.medium", "RoleArn": ROLE, **more}
        )
        if wait:
            self.reaches(name, "InService", timeout)
        return name

    def scripts(self, **hooks: str) -> str:
        """A lifecycle configuration; returns its name."""
        name = f"lc-{secrets.token_hex(4)}"
        self.sagemaker.create_notebook_instance_lifecycle_config(
            NotebookInstanceLifecycleConfigName=name,
            **{hook: [{"Content": base64.b64encode(text.encode()).decode()}] for hook, text in hooks.items()},
        )
        return name

    def describe(self, name: str) -> dict[str, Any]:
        return self.sagemaker.describe_notebook_instance(NotebookInstanceName=name)

    def reaches(self, name: str, status: str, timeout: float = 60) -> dict[str, Any]:
        """Its description once it shows a status."""

        def there() -> dict[str, Any] | None:
            found = self.describe(name)
            failed = found["NotebookInstanceStatus"] == "Failed" != status
            assert not failed, found["FailureReason"]
            return found if found["NotebookInstanceStatus"] == status else None

        return eventually(there, timeout, f"{name}: {status}")

    def busy(self, name: str) -> bool:
        """Whether its agent said that a kernel works, as the database has it."""
        sql = "SELECT report FROM instances WHERE owner IN (SELECT id FROM documents WHERE name = :name)"
        with reader(self.server) as db:
            return any(json.loads(row["report"]).get("busy") for row in db.all(sql, {"name": name}))

    def stop(self, name: str) -> None:
        self.sagemaker.stop_notebook_instance(NotebookInstanceName=name)
        self.reaches(name, "Stopped")

    def delete(self, name: str) -> None:
        """Stop one, if it runs, and delete it; returns when it is gone."""
        if self.describe(name)["NotebookInstanceStatus"] == "InService":
            self.stop(name)
        self.sagemaker.delete_notebook_instance(NotebookInstanceName=name)
        listed = self.sagemaker.list_notebook_instances
        eventually(lambda: not listed(NameContains=name)["NotebookInstances"], what=f"{name} is gone")

    def start(self, name: str) -> None:
        self.sagemaker.start_notebook_instance(NotebookInstanceName=name)
        self.reaches(name, "InService")

    def link(self, name: str, **more: Any) -> str:
        return self.sagemaker.create_presigned_notebook_instance_url(NotebookInstanceName=name, **more)["AuthorizedUrl"]

    def visit(self, name: str) -> Visitor:
        """Somebody who came by a link."""
        visitor = Visitor(self.server, self.link(name))
        visitor.enter()
        return visitor

    def lines(self, stream: str) -> list[str]:
        """A log, so far."""
        logs = self.server.client("logs")
        try:
            events = logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events]


@dataclass
class Visitor:
    """A browser as far as cookies and origins go: names below `localhost` lead to this machine."""

    server: Server
    url: str
    cookie: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def origin(self) -> str:
        return f"{urlsplit(self.url).scheme}://{self.host}"

    def enter(self) -> None:
        """Open the link, and keep the session."""
        parts = urlsplit(self.url)
        status, headers, body = self.ask("GET", f"{parts.path or '/'}?{parts.query}")
        assert status == 200, body
        self.cookie = headers["set-cookie"].partition(";")[0]

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """One request; underscores in names of headers stand for hyphens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            cookie = {"Cookie": self.cookie} if self.cookie else {}
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, {"Host": self.host, **cookie, **named})
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content
        finally:
            connection.close()


def title(page: bytes) -> str:
    """What a page of our own says."""
    found = re.search(r"<h1>(.*?)</h1>", page.decode())
    return found[1] if found else ""
