"""Several requests, one prediction: the rows of all are predicted in one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xgboost
from salvia_toolkit.formats.matrix import Array, Matrix, Sparse
from salvia_toolkit.serving.message import Refused, Request, Response

from .answer import Answers
from .model import Model
from .payload import rows, rows_together
from .selection import chosen

_EMPTY = Response(status=204)  # as AWS's container answers a request without a body


class Boosters:
    """The XGBoost algorithm's handler."""

    batches = True

    def __init__(self, directory: Path) -> None:
        self._model = Model(directory)
        self._answers = Answers(chosen(self._model.objective, self._model.classes))

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        """An answer for each. Dense rows are predicted together; sparse ones by themselves."""
        if len(requests) > 1:
            together = rows_together(requests)
            if together is not None and self._model.fits(together):
                return self._rows_of(requests, self._predicted(together))
        responses: list[Response | None] = [None] * len(requests)
        dense: list[tuple[int, Array, str]] = []
        for at, request in enumerate(requests):
            try:
                found = self._rows(request)
                if found is None:
                    responses[at] = _EMPTY
                elif isinstance(found, Sparse) or not len(found):
                    responses[at] = self._alone(found, self._answers.accepted(request))
                else:
                    dense.append((at, found, self._answers.accepted(request)))
            except Refused as refused:
                responses[at] = refused.response()
        for at, response in self._together(dense):
            responses[at] = response
        return [response for response in responses if response is not None]

    def _rows_of(self, requests: Sequence[Request], predictions: Array) -> list[Response]:
        answered = []
        for at, request in enumerate(requests):
            try:
                answered.append(self._answers.response(predictions[at : at + 1], self._answers.accepted(request)))
            except Refused as refused:
                answered.append(refused.response())
        return answered

    def _rows(self, request: Request) -> Matrix | None:
        return self._model.check(rows(request)) if request.body else None

    def _alone(self, found: Matrix, content_type: str) -> Response:
        predictions = self._predicted(found) if len(found) else np.empty(0, np.float32)
        return self._answers.response(predictions, content_type)

    def _together(self, dense: list[tuple[int, Array, str]]) -> list[tuple[int, Response]]:
        if not dense:
            return []
        every = dense[0][1] if len(dense) == 1 else np.concatenate([found for _, found, _ in dense])
        predictions = self._predicted(every)
        answered, start = [], 0
        for at, found, content_type in dense:
            own = predictions[start : start + len(found)]
            answered.append((at, self._answers.response(own, content_type)))
            start += len(found)
        return answered

    def _predicted(self, found: Matrix) -> Array:
        try:
            return self._model.predict(found)
        except xgboost.core.XGBoostError as problem:
            said = str(problem).split("Stack trace")[0].strip()
            raise Refused(400, f"XGBoost refuses to predict: {said}") from problem
