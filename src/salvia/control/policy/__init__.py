"""IAM policy evaluation: pure, compiled once, of no service in particular.

    document(text) ──▶ Policy ──┐
    Request(caller, action, …) ─┴▶ evaluate ──▶ Decision
                                └▶ trace ────▶ Trace: the decision, and what each statement made of the request

Source: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements reference".
"""

from .documents import Document, Policy, document
from .evaluation import Decision, Request, Scope, evaluate, resource_based
from .positions import positions
from .trace import Look, Trace, trace

__all__ = [
    "Decision",
    "Document",
    "Look",
    "Policy",
    "Request",
    "Scope",
    "Trace",
    "document",
    "evaluate",
    "positions",
    "resource_based",
    "trace",
]
