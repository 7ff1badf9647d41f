"""How the program of one instance ended, in words: from the `exit` of its agent's last report."""

from __future__ import annotations

import signal
from typing import Any

_KINDS = ("AlgorithmError", "ClientError", "InternalServerError")  # an image may say itself whose fault it was


def ours(ended: dict[str, Any]) -> bool:
    """Whether what failed was Salvia, and not the program."""
    if ended.get("error"):
        return bool(ended["error"]["code"] == "InternalError")
    return not any(ended.get(member) for member in ("oom", "failure", "signal")) and ended.get("code") is None


def succeeded(ended: dict[str, Any]) -> bool:
    """Whether the program did."""
    return ended.get("code") == 0 and not ended.get("error") and not ended.get("signal")


def reason(ended: dict[str, Any], host: str, instance_type: str, does: str, *, alone: bool) -> str:
    """Why it failed, and what to do; `does` is what the program would have to do on less data at once."""
    where = "" if alone else f" on {host}"
    if ended.get("error"):
        code = ended["error"]["code"].replace("InternalError", "InternalServerError")  # as SageMaker spells it
        return f"{code}: {ended['error']['message']}"
    if ended.get("oom"):
        return (
            f"AlgorithmError: the program{where} ran out of memory: it needed more than {instance_type} has on this "
            f"machine. Choose an instance type with more memory, or {does} on less data at once."
        )
    tail = [line for line in ended.get("log_tail") or () if line.strip()]
    last = f" Its last line: {tail[-1].strip()}" if tail else " It printed nothing."
    if ended.get("failure"):
        said = ended["failure"].strip()
        kind = "" if said.startswith(_KINDS) else "AlgorithmError: "
        return f"{kind}{said}, exit code: {ended.get('code')}{where}"
    if ended.get("signal"):
        name = f" ({signal.Signals(ended['signal']).name})" if ended["signal"] in set(signal.Signals) else ""
        return f"AlgorithmError: the program{where} was killed by signal {ended['signal']}{name}.{last}"
    if ended.get("code") is None:
        return f"InternalServerError: the instance {host} was stopped from outside before its program ran. Try again."
    return f"AlgorithmError: the program{where} ended with exit code {ended.get('code')}.{last}"
