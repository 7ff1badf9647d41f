"""InvokeEndpoint beside its model server called directly, in turn, on the same connections and bodies."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.load import drive, invocation
from tests.bench.peers import Peer, cpu
from tests.conftest import Server, eventually
from tests.routed import Routed, variant

_BODY = b"0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1.0"
_DIRECT = b"POST /invocations HTTP/1.1\r\nHost: model\r\nContent-Type: text/csv\r\nContent-Length: %d\r\n\r\n%b"
_ONE, _MANY, _ROUNDS = 2_000, 40_000, 5


def figures(server: Server, peer: Peer) -> dict[str, float]:
    """Requests a second on 32 connections and latencies on one, with SigV4, IAM and metrics on; the best of each."""
    with tempfile.TemporaryDirectory(prefix="salvia-bench-") as folder:
        socket = f"{folder}/model.sock"
        model = subprocess.Popen([sys.executable, str(Path(__file__).parent / "model.py"), socket])
        try:
            eventually(lambda: Path(socket).exists(), 20, "the model server listens")
            replica = {"id": "bench", "containers": [{"name": "primary", "address": {"socket": socket}}]}
            Routed(server).route("bench", variant("AllTraffic", replica))
            through = invocation(peer.url, peer.keys, "bench", _BODY)
            direct = _DIRECT % (len(_BODY), _BODY)
            rates: dict[str, list[float]] = {"through": [], "direct": []}
            p50: dict[str, list[float]] = {"through": [], "direct": []}
            p99: list[float] = []
            for _ in range(_ROUNDS):
                for name, where, request in (("direct", f"unix:{socket}", direct), ("through", peer.url, through)):
                    before = cpu(peer.pids())
                    rate, _ = drive(where, [request] * _MANY, 32)
                    used = (cpu(peer.pids()) - before) / _MANY * 1e6
                    rates[name].append(rate)
                    _, took = drive(where, [request] * _ONE, 1)
                    took.sort()
                    p50[name].append(took[len(took) // 2] * 1000)
                    if name == "through":
                        p99.append(took[len(took) * 99 // 100] * 1000)
            return {
                "invocations a second, 32 connections": max(rates["through"]),
                "  of calling the model server directly": max(rates["through"]) / max(rates["direct"]),
                "  gateway CPU a request, µs": used,
                "one connection, p50 ms": min(p50["through"]),
                "  added to calling the model server directly, p50 ms": min(p50["through"]) - min(p50["direct"]),
                "  p99 ms": min(p99),
            }
        finally:
            model.kill()
            model.wait()
