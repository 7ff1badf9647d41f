"""Where libraries listen that take every address of the machine, on which a job's hosts are loopback addresses."""

from __future__ import annotations

import sys

from salvia.images.image import default_folder

sys.path.insert(0, str(default_folder() / "toolkit"))
from salvia_toolkit.script.ports import port


def test_each_host_of_one_machine_has_a_port_of_its_own() -> None:
    """A thousand jobs of sixteen hosts, as the process runtime gives them addresses."""
    hosts = [f"127.{1 + job // 256}.{job % 256}.{10 + host}" for job in range(1000) for host in range(16)]
    ports = {port(host, 7777) for host in hosts}
    assert len(ports) == len(hosts)
    assert min(ports) >= 10_000
    assert max(ports) < 32_000  # what Linux gives out begins at 32,768


def test_a_machine_of_its_own_has_the_usual_port() -> None:
    assert port("10.0.0.1", 7777) == 7777
