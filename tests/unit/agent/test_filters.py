"""DataProcessing. Source: developer guide, "Associate prediction results with input records"."""

from __future__ import annotations

import csv
import json
import random

import pytest

from salvia.agent.filters import Processing
from salvia.agent.records import Batch, RecordError

CSV, JSON, LINES = "text/csv", "application/json", "application/jsonlines"


def through(processing: dict, kind: str, data: bytes, answer: bytes, accept: str = "") -> tuple[bytes, bytes]:
    made = Processing(processing, kind, accept or kind)
    batch = Batch(data, 5, data.count(b"\n") or 1)
    return made.payload(batch), made.kept(batch, answer)


def test_nothing_is_touched_that_need_not_be() -> None:
    """The default: "$" before, None between, "$" behind."""
    processing = {"InputFilter": "$", "JoinSource": "None", "OutputFilter": "$"}
    assert through(processing, "image/png", b"\xff\n\n", b"\xfe") == (b"\xff\n\n", b"\xfe")


def test_rows_keep_their_texts() -> None:
    """RFC 4180: quotes, and what is no UTF-8."""
    data = b'"a, b",1, 2 ,"say ""no"""\r\n\xff,,"",0.10\n'
    sent, kept = through({"InputFilter": "$[0,3]", "JoinSource": "Input"}, CSV, data, b"9\n8\n")
    assert sent == b'"a, b","say ""no"""\n\xff,0.10\n'
    assert kept == b'"a, b",1, 2 ,"say ""no""",9\n\xff,,,0.10,8\n'


def test_any_rows_come_back_as_they_were() -> None:
    """What is joined and picked is what was there, whatever it holds."""
    chance = random.Random(3)
    for _ in range(200):
        rows = [
            ["".join(chance.choices('a1 ,"é;', k=chance.randint(0, 5))) for _ in range(3)]
            for _ in range(chance.randint(1, 6))
        ]
        lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
        data = "\n".join(lines).encode()
        answer = b"".join(b"%d\n" % number for number in range(len(rows)))
        _, kept = through({"JoinSource": "Input", "OutputFilter": "$[3,1]"}, CSV, data, answer)
        assert list(csv.reader(kept.decode().splitlines())) == [[str(n), row[1]] for n, row in enumerate(rows)]


def test_documents() -> None:
    """ "If the input is not a key-value pair object, SageMaker creates a new JSON file"."""
    _, kept = through({"JoinSource": "Input"}, LINES, b'{"key":1}\n[1,2]\n', b'{"label":1}\n3\n')
    assert [json.loads(line) for line in kept.splitlines()] == [
        {"key": 1, "SageMakerOutput": {"label": 1}},
        {"SageMakerInput": [1, 2], "SageMakerOutput": 3},
    ]
    pretty = json.dumps({"id": "ü", "x": [1]}, indent=1).encode()
    sent, kept = through({"InputFilter": "$.x", "JoinSource": "Input", "OutputFilter": "$.id"}, JSON, pretty, b"[7]")
    assert (json.loads(sent), kept) == ([1], '"ü"\n'.encode())


def test_rows_in_and_a_document_out() -> None:
    """Only what is joined must be of one format."""
    sent, kept = through(
        {"InputFilter": "$[:1]", "OutputFilter": "$['class']"}, CSV, b"1,2\n3,4\n", b'{"class": [0, 1]}', JSON
    )
    assert (sent, kept) == (b"1\n3\n", b"[0, 1]\n")


@pytest.mark.parametrize(
    ("processing", "kind", "data", "answer", "said"),
    [
        ({"JoinSource": "Input"}, CSV, b"1\n2\n", b"1\n", "records 5 to 6: 2 records were sent and 1 came back"),
        (
            {"InputFilter": "$.a"},
            LINES,
            b'{"a":1}\n{"b":1}\n',
            b"",
            "record 6: InputFilter $.a: there is no attribute 'a'",
        ),
        ({"InputFilter": "$.a"}, LINES, b'{"a":1}\nx\n', b"", "record 6 cannot be read as JsonLines"),
        ({"OutputFilter": "$.a"}, LINES, b"1\n2\n", b"oops", "records 5 to 6: the model's answer cannot be read"),
        ({"OutputFilter": "$[4]"}, CSV, b"1\n2\n", b"1\n2\n", "record 5: OutputFilter $[4]: there is no index 4"),
    ],
)
def test_what_cannot_be_is_numbered(processing: dict, kind: str, data: bytes, answer: bytes, said: str) -> None:
    with pytest.raises(RecordError) as caught:
        through(processing, kind, data, answer)
    assert said in str(caught.value)
