"""What a batch transform sends of each record, and what it keeps of each answer.

    record ─▶ InputFilter ─▶ model ─▶ JoinSource (the record beside the answer) ─▶ OutputFilter ─▶ (its ID) ─▶ object

Sources: developer guide, "Associate prediction results with input records", "Capture data from batch transform job"
(InferenceId Generation); API reference, DataProcessing.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ..core.jsonpath import JsonPath
from .captured import Identify
from .records import Batch, RecordError, lines

csv.field_size_limit(1 << 30)  # a record may have 100 MB


class Format(Protocol):
    """How documents are written as records."""

    whole: bool  # whether a payload is one document

    def read(self, data: bytes) -> list[Any]:
        """The documents of a payload. Raises ValueError."""

    def write(self, documents: Sequence[Any]) -> bytes:
        """A payload of these documents."""

    def identified(self, document: Any, inference_id: str, at: str) -> Any:
        """A document with its inference ID, and when it was made."""


class Rows:
    """CSV: a row is an array of texts. A line is a row, whatever it quotes. Source: "CSV data", same page."""

    whole = False

    def read(self, data: bytes) -> list[Any]:
        try:
            texts = [line.decode("utf-8", "surrogateescape").removesuffix("\r") for line in lines(data)]
            return [next(csv.reader((text,))) for text in texts] if b'"' in data else [t.split(",") for t in texts]
        except csv.Error as error:
            raise ValueError(str(error)) from error

    def write(self, documents: Sequence[Any]) -> bytes:
        text = io.StringIO()
        rows = (document if isinstance(document, list) else [document] for document in documents)
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue().encode("utf-8", "surrogateescape")

    def identified(self, document: Any, inference_id: str, at: str) -> Any:
        return [*(document if isinstance(document, list) else [document]), inference_id, at]


class JsonLines:
    """A document a line."""

    whole = False

    def read(self, data: bytes) -> list[Any]:
        return [json.loads(line) for line in lines(data)]

    def write(self, documents: Sequence[Any]) -> bytes:
        return b"".join(
            json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
            for document in documents
        )

    def identified(self, document: Any, inference_id: str, at: str) -> Any:
        members = document if isinstance(document, dict) else {"SageMakerOutput": document}
        return {**members, "SageMakerInferenceId": inference_id, "SageMakerInferenceTime": at}


class Json(JsonLines):
    """One document, over as many lines as it likes."""

    whole = True

    def read(self, data: bytes) -> list[Any]:
        return [json.loads(data)]


_FORMATS: dict[str, Callable[[], Format]] = {
    "text/csv": Rows,
    "application/json": Json,
    "application/jsonlines": JsonLines,
}


class Processing:
    """A request's DataProcessing, for payloads of `content_type` and answers of `accept`, which may be identified."""

    def __init__(
        self, processing: Mapping[str, str], content_type: str, accept: str, *, identified: bool = False
    ) -> None:
        self._filter = _path(processing.get("InputFilter"))
        self._pick = _path(processing.get("OutputFilter"))
        self._join = processing.get("JoinSource") == "Input"
        self._inputs = _FORMATS[_kind(content_type)]() if self._filter or self._join else None
        self._outputs = _FORMATS[_kind(accept)]() if self._pick or self._join or identified else None

    @property
    def alone(self) -> bool:
        """Whether only one record can be sent at a time: a document of JSON has no neighbours."""
        return self._inputs is not None and self._inputs.whole

    def payload(self, batch: Batch) -> bytes:
        """What is sent of a batch. Raises RecordError."""
        if self._filter is None or self._inputs is None:
            return batch.data
        return self._inputs.write(self._selected(self._filter, self._read(batch), batch, "InputFilter"))

    def kept(self, batch: Batch, answer: bytes, identify: Identify | None = None) -> bytes:
        """What is kept of the model's answer to a batch. Raises RecordError."""
        if self._outputs is None:
            return answer
        try:
            documents = self._outputs.read(answer)
        except ValueError as error:
            kind = type(self._outputs).__name__
            raise RecordError(f"{batch.numbers}: the model's answer cannot be read as {kind}: {error}") from error
        if self._join:
            documents = self._joined(batch, documents)
        if self._pick is not None:
            documents = self._selected(self._pick, documents, batch, "OutputFilter")
        if identify is not None:
            identified = self._outputs.identified
            documents = [identified(one, *identify(batch.first, number)) for number, one in enumerate(documents)]
        return self._outputs.write(documents)

    def _read(self, batch: Batch) -> list[Any]:
        assert self._inputs is not None
        try:
            return self._inputs.read(batch.data)
        except ValueError as error:
            number, reason = self._wrong(batch) or (batch.first, error)
            what = f"record {number} cannot be read as {type(self._inputs).__name__}: {reason}"
            raise RecordError(what) from error

    def _wrong(self, batch: Batch) -> tuple[int, ValueError] | None:
        assert self._inputs is not None
        for number, line in enumerate(() if self._inputs.whole else lines(batch.data), batch.first):
            try:
                self._inputs.read(line)
            except ValueError as error:
                return number, error
        return None

    def _joined(self, batch: Batch, answers: list[Any]) -> list[Any]:
        records = self._read(batch)
        if len(records) != len(answers):
            raise RecordError(
                f"{batch.numbers}: {len(records)} records were sent and {len(answers)} came back. JoinSource needs one "
                "for each."
            )
        return [_beside(record, answer) for record, answer in zip(records, answers, strict=True)]

    @staticmethod
    def _selected(path: JsonPath, documents: list[Any], batch: Batch, member: str) -> list[Any]:
        found: list[Any] = []
        try:
            found.extend(map(path.select, documents))  # up to the one that has none
        except LookupError as error:
            raise RecordError(f"record {batch.first + len(found)}: {member} {path.text}: {error.args[0]}") from error
        return found


def _path(text: str | None) -> JsonPath | None:
    return JsonPath(text) if text and text != "$" else None


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _beside(record: Any, answer: Any) -> Any:
    """Rows become one; an object gets an attribute; anything else becomes an object of both."""
    if isinstance(record, list) and isinstance(answer, list):
        return record + answer
    if isinstance(record, dict):
        return {**record, "SageMakerOutput": answer}
    return {"SageMakerInput": record, "SageMakerOutput": answer}
