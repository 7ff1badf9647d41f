"""What a person may set, with its defaults; the supervisor hands it to its processes as one file."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit


def default_home() -> Path:
    """`SALVIA_HOME`, else `~/.salvia`."""
    return Path(os.environ.get("SALVIA_HOME") or "~/.salvia").expanduser().absolute()


@dataclass(frozen=True, slots=True)
class Settings:
    """`advertise` is the URL by which instances reach the gateway; empty: derived from host and port.

    `database` is a URL with its password: what is shown to people is `shown_database`.
    `object_store` is the URL of a bucket (`objectstore.location`) or a folder's, file:///…; empty: the folder `objects`
    of the data directory. `buckets` are URLs of buckets of other S3s that are served under their own names.
    `internal` is HOST[:PORT], where gateways of other nodes reach those of this one: by default the host of `advertise`
    and any port, else that and the following.
    `private_targets` are networks (10.0.0.0/8,…) to which topics may deliver, and from which code repositories may be
    cloned, though they are not public. `prices` is a file, a price sheet of one's own. Below `studio_domain` are the
    hosts of Studio and of notebooks. A notebook whose kernels did nothing for `notebook_idle` minutes is stopped; 0:
    never.
    """

    home: Path
    host: str = "127.0.0.1"
    port: int = 7258
    auth: Literal["enforce", "off"] = "enforce"
    capacity: Literal["elastic", "strict"] = "elastic"
    workers: int = 1
    controllers: int = 1
    database: str = field(default="", repr=False)
    object_store: str = ""
    buckets: str = ""
    advertise: str = ""
    internal: str = ""
    private_targets: str = ""
    clock: Literal["system", "virtual"] = "system"
    tls: bool = False
    account: str = "123456789012"
    region: str = "us-east-1"
    prices: str = ""
    studio_domain: str = "localhost"
    notebook_idle: int = 0

    @property
    def url(self) -> str:
        """Where instances and the command line find the gateway."""
        if self.advertise:
            return self.advertise
        return f"http{'s' if self.tls else ''}://{self._local_host}:{self.port}"

    @property
    def studio(self) -> str:
        """Where browsers find Studio: on a host of its own, by the scheme and port of `url`."""
        return self.hosted("studio")

    def hosted(self, label: str) -> str:
        """The URL of a host below the domain of Studio and notebooks: `hosted("NAME.notebook")`."""
        url = urlsplit(self.url)
        return f"{url.scheme}://{label}.{self.studio_domain}{f':{url.port}' if url.port else ''}"

    def is_studio(self, host: str) -> bool:
        """Whether a Host header names Studio, on whatever port."""
        return host.lower().partition(":")[0].rstrip(".") == f"studio.{self.studio_domain}"

    def proxy(self, name: str, password: str) -> str:
        """Where this machine, its jobs included, finds the proxy: without TLS, even where the API has it."""
        return f"http://{name}:{password}@{self._local_host}:{self.port}"

    @property
    def names(self) -> tuple[str, ...]:
        """By which names and addresses this server is reached, for its certificate."""
        advertised = urlsplit(self.url).hostname or self.local
        return tuple(dict.fromkeys([self.local, advertised, "localhost", "127.0.0.1", "::1"]))

    @property
    def local(self) -> str:
        """The address at which this machine itself reaches the gateway."""
        return "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104

    @property
    def _local_host(self) -> str:
        return f"[{self.local}]" if ":" in self.local else self.local

    @property
    def ca_bundle(self) -> Path:
        """The certificates that clients of Salvia trust: this machine's, and that of Salvia's own authority."""
        return self.home / "ca-bundle.pem"

    @property
    def shared(self) -> bool:
        """Whether other data directories may share the database: PostgreSQL's, not a file's."""
        return self.database.startswith(("postgresql:", "postgresql+asyncpg:"))

    @property
    def location(self) -> Path | str:
        """The SQLite file, or the URL of PostgreSQL."""
        if self.shared:
            return self.database
        if not self.database:
            return self.home / "salvia.db"
        return Path(self.database.removeprefix("sqlite:///")).absolute()

    @property
    def shown_database(self) -> str:
        """The database for people: without password, nor options among which one may be."""
        if not self.shared:
            return f"sqlite:///{self.location}"
        url = urlsplit(self.database)
        user = f"{url.username}@" if url.username else ""
        socket = "".join(f" on {folder}" for folder in parse_qs(url.query).get("host", ()))
        return f"postgresql://{user}{url.netloc.rpartition('@')[2]}{url.path}{socket}"

    @property
    def objects(self) -> Path:
        """The folder of the object store: replicas share one."""
        return Path(self.object_store.removeprefix("file://")) if self.object_store else self.home / "objects"

    @property
    def run(self) -> Path:
        """Sockets, process ids and the like: what a restart makes anew."""
        return self.home / "run"

    def save(self) -> None:
        """Write the file that `load` reads."""
        fresh = self.run / "settings.new"
        fresh.touch(0o600)  # the database's password is in it
        fresh.write_text(self.json())
        fresh.replace(self.run / "settings.json")  # whole or not at all: `salvia status` may be reading it

    @classmethod
    def load(cls, home: Path) -> Settings:
        """The settings of the running, or the last, server of `home`. Raises FileNotFoundError when there is none."""
        return cls.parse((home / "run" / "settings.json").read_text())

    def json(self) -> str:
        """As text, the database's password in it."""
        return json.dumps({**asdict(self), "home": str(self.home)})

    @classmethod
    def parse(cls, text: str) -> Settings:
        """What `json` wrote."""
        values = json.loads(text)
        return cls(**{**values, "home": Path(values["home"])})
