"""What a run of the bench is made of: its servers, and its report."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from tests.bench.peers import Peer
from tests.conftest import Server, free_port


class Report:
    """Prints figures as they come; remembers which bars were missed."""

    def __init__(self) -> None:
        self.missed = 0

    def say(self, figure: str, value: float, *, most: float | None = None, least: float | None = None) -> None:
        """One line; `most` and `least` are its bars."""
        good = (most is None or value <= most) and (least is None or value >= least)
        self.missed += not good
        bar = "" if most is None and least is None else f"   bar {'≤' if most is not None else '≥'} {most or least:g}"
        print(f"{figure:64} {value:10.3f}{bar}{'' if good else '   MISSED'}", flush=True)


class Servers:
    """Servers of the run, each in a folder of its own; all end with it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="salvia-bench-"))
        self._made: list[Server] = []
        self.images = Path(os.environ.get("SALVIA_TEST_IMAGES") or self._folder / "images")
        self.images.mkdir(exist_ok=True)

    def make(self, *options: str) -> Server:
        """A server that is not up yet; all share the environments of images."""
        home = self._folder / f"home-{len(self._made)}"
        home.mkdir()
        (home / "images").symlink_to(self.images)
        shutil.copytree(Path(__file__).resolve().parents[1] / "images", home / "containers")
        self._made.append(Server(home, free_port(), options))
        return self._made[-1]

    def peer(self, server: Server) -> Peer:
        """What is measured of it: its gateways."""
        keys = (server.environment["AWS_ACCESS_KEY_ID"], server.environment["AWS_SECRET_ACCESS_KEY"])
        gateways = server.pids("gateway")
        return Peer("salvia", server.url, lambda: gateways, keys)

    def close(self) -> None:
        for server in self._made:
            server.salvia("down", check=False)
        shutil.rmtree(self._folder, ignore_errors=True)
