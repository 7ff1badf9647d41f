"""Who may use the proxy: the administrator from this machine, and jobs that run and are not isolated.

Each by a password, wherever they come from: a port of the loopback is open to every user of a machine.
"""

from __future__ import annotations

import hmac
import ipaddress
from urllib.request import getproxies_environment

from salvia.core import passes
from salvia.core.domains import bypass
from salvia.core.passes import Guest

from .world import World


def admit(world: World, name: str, password: str, peer: str, here: str) -> Guest | None:
    """Who it is that connects from the address `peer` to our address `here`; None: nobody whom we know."""
    if not hmac.compare_digest(passes.password(world.secret, name).encode(), password.encode()):
        return None
    if name == passes.ADMINISTRATOR:
        local = bool(peer) and (peer == here or ipaddress.ip_address(peer).is_loopback)
        return Guest(name, anywhere=True) if local else None
    owner, position, attempt = name.split(".")
    row = world.db.read().one(
        "SELECT token_hash FROM instances WHERE owner = :owner AND position = :position AND attempt = :attempt",
        {"owner": owner, "position": int(position), "attempt": int(attempt)},
    )
    ended = row is None or row["token_hash"].startswith("revoked-")
    return None if ended else Guest(name, anywhere=False)


def way_out(world: World, owner: str, position: int, attempt: int) -> dict[str, str]:
    """The proxy for the program of one instance, and the hosts that it shall reach without; for the agent's spec."""
    name = f"{owner}.{position}.{attempt}"
    proxies = getproxies_environment()
    return {
        "url": world.settings.proxy(name, passes.password(world.secret, name)),
        "bypass": bypass(proxies.get("no", ""), *world.settings.names),
    }
