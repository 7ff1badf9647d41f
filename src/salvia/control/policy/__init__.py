"""IAM policy evaluation: pure, compiled once, of no service in particular.

    document(text) ──▶ Policy ──┐
    Request(caller, action, …) ─┴▶ evaluate ──▶ Decision

Source: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements reference".
"""

from .documents import Document, Policy, document
from .evaluation import Decision, Request, Scope, evaluate, resource_based

__all__ = ["Decision", "Document", "Policy", "Request", "Scope", "document", "evaluate", "resource_based"]
