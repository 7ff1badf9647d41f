"""Who makes a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["root", "user", "assumed-role", "service", "anonymous"]


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated principal.

    `arn` is what GetCallerIdentity shows (`…:assumed-role/R/session` for a session); `entity` is the ARN of
    the IAM entity whose policies apply (`…:role/path/R`, `…:user/path/U`). `service` is set, to a name such as
    `sagemaker.amazonaws.com`, when a service acts for itself; it is then allowed everything. `owner` is
    the job whose instance asks.
    """

    kind: Kind
    account: str
    arn: str
    user_id: str
    entity: str
    access_key: str | None = None
    service: str | None = None
    session_policies: tuple[str, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""


def service_caller(service: str, account: str) -> Caller:
    """The service principal `service` (`sagemaker.amazonaws.com`), acting in `account`."""
    return Caller("service", account, f"arn:aws:iam::{account}:{service}", service, service, service=service)


ANONYMOUS = Caller("anonymous", "anonymous", "*", "anonymous", "*")
