"""From an operation to what IAM must allow: actions, resources, condition keys."""

from .context import RequestContext, Situation
from .exceptions import CLOSED, FREE
from .needs import Need, arn_format, entries, need, required

__all__ = ["CLOSED", "FREE", "Need", "RequestContext", "Situation", "arn_format", "entries", "need", "required"]
