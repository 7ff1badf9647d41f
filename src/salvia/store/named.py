"""`:named` parameters, which all SQL here has, as PostgreSQL's `$1`, `$2`, …"""

from __future__ import annotations

import re
from functools import lru_cache

# Quoted text and casts (`::text`) hold colons that name nothing.
_TOKENS = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|::\w+|:(?P<name>[A-Za-z_]\w*)")


@lru_cache(4096)
def numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """The statement with numbers, and which parameter each number is. The same name has the same number."""
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        name = match["name"]
        return match[0] if name is None else f"${names.setdefault(name, len(names) + 1)}"

    return _TOKENS.sub(number, sql), tuple(names)
