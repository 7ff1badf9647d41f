"""Why a job cannot go on."""

from __future__ import annotations


class JobError(Exception):
    """The job fails; `message` says what happened, where, and what to do.

    `code` says whose affair it is: ClientError (the request, the data, the role's permissions),
    AlgorithmError (the program) or InternalError (ours). Source: SageMaker developer guide, "FailureReason".
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class StoppedError(Exception):
    """The job was told to stop before its program ran."""
