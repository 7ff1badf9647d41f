"""Filter patterns for unstructured log events; `json_patterns` has those for JSON.

Source: CloudWatch Logs user guide, "Filter pattern syntax for metric filters, subscription filters, filter
log events, and Live Tail". Terms are found anywhere in a message, and case counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from . import json_patterns
from .errors import invalid

Match = Callable[[str], bool]
_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)')
_ESCAPE = re.compile(r"\\(.)")


def compiled(pattern: str) -> Match | None:
    """What tells whether a message matches; None if every message does. Raises InvalidParameterException."""
    pattern = pattern.strip()
    if not pattern:
        return None
    if pattern.startswith("{"):
        return json_patterns.compiled(pattern)
    if pattern.startswith("["):
        raise invalid(
            "Invalid filter pattern: patterns for space-delimited events ([field1, field2, …]) are not "
            'implemented. Use terms ("exact phrase", -excluded, ?optional) or a JSON pattern '
            '({ $.field = "value" }).'
        )
    return _terms(pattern)


def _terms(pattern: str) -> Match:
    found: dict[str, list[str]] = {"": [], "-": [], "?": []}
    place = 0
    while place < len(pattern):
        term = _TERM.match(pattern, place)
        if term is None:
            raise invalid(
                f"Invalid filter pattern: a quotation mark is missing behind '{pattern[place : place + 40]}'."
            )
        sign, quoted, bare = term.groups()
        if bare is not None and bare.startswith("%"):
            raise invalid("Invalid filter pattern: regular expressions (%…%) are not implemented. Use terms.")
        if bare is not None and not bare.replace("_", "").isalnum():
            raise invalid(
                f"Invalid character(s) in term '{bare}'. Terms with other characters than letters, digits "
                "and underscores stand in double quotation marks."
            )
        found[sign].append(bare if bare is not None else _ESCAPE.sub(r"\1", quoted))
        place = term.end()
    included, excluded, optional = found[""], found["-"], found["?"]
    if optional and not included and not excluded:
        return lambda message: any(term in message for term in optional)
    # Beside other terms, optional ones are ignored: so says the guide.
    return lambda message: all(term in message for term in included) and not any(term in message for term in excluded)
