"""AWS's wire: from a request to a dict and from a dict to a response, driven by botocore's models.

::

    HttpRequest ── route ──> Route(service, operation, model, protocol)
        │                      │
        └────── parse ─────────┤   parsers:      json  query  rest ─┬─ json
                  │            │                                    └─ xml
               params ─ validate   validation (fast) ─> violations (wording) ─> refusals (codes)
                  │            │
            (the rooms)        │
                  │            │
               result ─ serialize  serializers:  json  query  rest ─┬─ json
                  │                                                 └─ xml, s3
              ServiceError ─ serialize_error                    errors
                  │
             HttpResponse

All functions are pure: they hold no state but the closures that they build once from each shape, and may
run on any thread. Whatever a client sends, they raise nothing but ServiceError.
"""

from .errors import serialize_error
from .hosts import bucket_of
from .models import SERVICES, service
from .parsers import parse
from .preparation import prepare
from .recording import recorded, without_secrets
from .router import Route, named, protocol_of, route
from .serializers import INERT, serialize
from .serializers.json import Kept
from .validation import validate
from .waiters import ends_waiting
from .wire import sent, understood

__all__ = [
    "INERT",
    "SERVICES",
    "Kept",
    "Route",
    "bucket_of",
    "ends_waiting",
    "named",
    "parse",
    "prepare",
    "protocol_of",
    "recorded",
    "route",
    "sent",
    "serialize",
    "serialize_error",
    "service",
    "understood",
    "validate",
    "without_secrets",
]
