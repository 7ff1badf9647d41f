"""Search: any noun that declares itself searchable, by any property of its record.

::

    expression ── compile ──▶ predicate(record)        properties: a path and a shape ──▶ kind and values
    rows in chunks ── describe ──▶ records ── predicate ──▶ the best page of matches, and how many there are
"""

from .expressions import compile_expression
from .properties import find_property
from .scan import page, read_key, stream

__all__ = ["compile_expression", "find_property", "page", "read_key", "stream"]
