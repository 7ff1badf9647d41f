"""The XGBoost image's content types: the same rows give the same model, whatever they are written in."""

from __future__ import annotations

import struct

import pytest

from .conftest import Image, diabetes_rows

ROWS = diabetes_rows()
FIELDS = [row.split(",") for row in ROWS[:342]]
CSV = "\n".join(ROWS[:342]) + "\n"
HYPERPARAMETERS = {"num_round": "10"}


def libsvm(fields: list[list[str]] = FIELDS) -> str:
    return "".join(
        f"{label} " + " ".join(f"{n}:{v}" for n, v in enumerate(values)) + "\n" for label, *values in fields
    )


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def member(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensor(kind: int, values: list[float], keys: list[int] | None = None, shape: int | None = None) -> bytes:
    """A Value of the AIAlgorithms protobuf: 2 = Float32Tensor, 3 = Float64Tensor, 7 = Int32Tensor."""
    packed = {
        2: lambda: struct.pack(f"<{len(values)}f", *values),
        3: lambda: struct.pack(f"<{len(values)}d", *values),
        7: lambda: b"".join(varint(int(value) % 2**64) for value in values),
    }[kind]()
    content = member(1, packed)
    if keys is not None:
        content += member(2, b"".join(map(varint, keys)))
    if shape is not None:
        content += member(3, varint(shape))
    return member(kind, content)


def record(features: bytes, label: bytes) -> bytes:
    """A Record in its RecordIO frame (AWS guide, "Common Data Formats for Training")."""
    message = b"".join(
        member(n, member(1, b"values") + member(2, value)) for n, value in ((1, features), (2, label))
    )
    return struct.pack("<II", 0xCED7230A, len(message)) + message + b"\0" * (-len(message) % 4)


def recordio(kind: int = 2, sparse: bool = False) -> bytes:
    frames = []
    for label, *texts in FIELDS:
        values = list(map(float, texts))
        keys = list(range(len(values))) if sparse else None
        frames.append(record(tensor(kind, values, keys, 10 if sparse else None), tensor(2, [float(label)])))
    return b"".join(frames)


def same(xgboost: Image, outcomes: list) -> None:
    for outcome in outcomes:
        assert outcome.code == 0, outcome.log
    (xgboost.tmp / "train.csv").write_text(CSV)
    (xgboost.tmp / "test.csv").write_text("\n".join(ROWS[342:]))
    told = xgboost.measure(
        train=xgboost.tmp / "train.csv", test=xgboost.tmp / "test.csv", models=[one.model for one in outcomes]
    )
    assert told["apart"] == [0] * len(outcomes)


@pytest.mark.parametrize("content_type", ["libsvm", "text/libsvm", "text/x-libsvm; charset=utf-8", None])
def test_libsvm_gives_the_model_of_the_same_csv(xgboost: Image, content_type: str | None) -> None:
    """libsvm is also the default where there is no ContentType (AWS guide, "Input/Output Interface")."""
    outcome = xgboost.run({"train/a.libsvm": libsvm()}, HYPERPARAMETERS, content_type)

    same(xgboost, [outcome])
    assert ("has no ContentType" in outcome.log) == (content_type is None)


def test_parquet_gives_the_model_of_the_same_csv(xgboost: Image) -> None:
    """AWS guide: application/x-parquet; the label is the first column. A name may hold what is a pattern elsewhere."""
    (xgboost.tmp / "train.csv").write_text(CSV)
    file = xgboost.tmp / "rows.parquet"
    xgboost.measure(train=xgboost.tmp / "train.csv", parquet=file)

    same(xgboost, [xgboost.run({"train/part[0]*.parquet": file}, HYPERPARAMETERS, "application/x-parquet")])


@pytest.mark.parametrize(("kind", "sparse"), [(2, False), (3, False), (2, True), (3, True)])
def test_recordio_protobuf_gives_the_model_of_the_same_csv(xgboost: Image, kind: int, sparse: bool) -> None:
    """AWS guide, "Common Data Formats for Training": dense and sparse tensors of float32 and float64."""
    content = recordio(kind, sparse)
    same(xgboost, [xgboost.run({"train/a.pbr": content}, HYPERPARAMETERS, "application/x-recordio-protobuf")])


def test_recordio_integers_and_split_records_are_read(xgboost: Image) -> None:
    """Int32Tensor, negative numbers included; MXNet's RecordIO splits a payload that holds the magic number."""
    rows = [[n % 7 - 3, n % 5, (n * n) % 11] for n in range(60)]
    labels = [row[0] * 2 + row[1] for row in rows]
    frames = []
    for number, (row, label) in enumerate(zip(rows, labels, strict=True)):
        whole = record(tensor(7, row), tensor(7, [label]))
        if number == 7:  # first (1) and last (3) part, the magic number between them left out
            message = whole[8:][: struct.unpack_from("<I", whole, 4)[0]]
            parts = ((1, message[:12]), (3, message[16:]))
            magic = struct.pack("<I", 0xCED7230A)
            rest = message[12:16]
            whole = b"".join(
                magic + struct.pack("<I", part << 29 | len(piece)) + piece + b"\0" * (-len(piece) % 4)
                for part, piece in parts
            )
            # Only a payload with the magic number at that place is split; this one loses four bytes of a key name.
            assert rest in message
            continue
        frames.append(whole)
    outcome = xgboost.run({"train/a.pbr": b"".join(frames)}, HYPERPARAMETERS, "recordio-protobuf")

    assert outcome.code == 0, outcome.log
    assert "train: 59 rows × 3 features." in outcome.log


def test_files_in_subdirectories_are_all_read_and_markers_are_not(xgboost: Image) -> None:
    """AWS's container leaves out names with '.' or '_' in front; empty objects stand for folders."""
    files = {
        "train/2/b.csv": "\n".join(ROWS[100:342]),
        "train/1/a.csv": "\n".join(ROWS[:100]) + "\n\n",
        "train/_SUCCESS": "done",
        "train/.hidden/c.csv": "x",
        "train/empty": "",
    }
    same(xgboost, [xgboost.run(files, HYPERPARAMETERS)])


def test_missing_values_quotes_and_other_delimiters_are_read(xgboost: Image) -> None:
    """An empty field is missing, as in XGBoost's own CSV; the delimiter is sniffed, as AWS does."""
    holes = [[v if (r + c) % 9 or not c else "" for c, v in enumerate(row)] for r, row in enumerate(FIELDS)]
    sparse = [[label, *(f"{n}:{v}" for n, v in enumerate(values) if v)] for label, *values in holes]
    outcomes = [
        xgboost.run({"train/a.csv": "\n".join(",".join(row) for row in holes)}, HYPERPARAMETERS),
        xgboost.run(
            {"train/a.csv": "\ufeff" + "\r\n".join(";".join(f'"{v}"' for v in row) for row in holes)},
            HYPERPARAMETERS,
        ),
        xgboost.run(
            {"train/a.csv": "\n".join("\t".join(row) for row in holes)},
            HYPERPARAMETERS,
            "text/csv; label_size=1",
        ),
        xgboost.run({"train/a.svm": "\n".join(" ".join(row) for row in sparse)}, HYPERPARAMETERS, "libsvm"),
    ]

    for outcome in outcomes:
        assert outcome.code == 0, outcome.log
        assert outcome.metric_lines == outcomes[0].metric_lines


def test_libsvm_weights_count_like_csv_weights(xgboost: Image) -> None:
    """AWS guide: `label:weight idx:val`, and csv_weights=1 with the weight in the second column."""
    weighted = [[label, str(1 + n % 3), *values] for n, (label, *values) in enumerate(FIELDS)]
    csv = xgboost.run(
        {"train/a.csv": "\n".join(",".join(row) for row in weighted)}, {**HYPERPARAMETERS, "csv_weights": "1"}
    )
    lines = [
        f"{label}:{weight} " + " ".join(f"{n}:{v}" for n, v in enumerate(values))
        for label, weight, *values in weighted
    ]
    svm = xgboost.run({"train/a.svm": "\n".join(lines) + "  # the end\n"}, HYPERPARAMETERS, "libsvm")

    assert csv.code == svm.code == 0, csv.log + svm.log
    assert csv.metric_lines == svm.metric_lines


def test_libsvm_queries_make_ranking_groups(xgboost: Image) -> None:
    """XGBoost documentation, "Text Input Format": qid:N after the label."""
    lines = [
        f"{n % 4} qid:{n // 10} " + " ".join(f"{c}:{v}" for c, v in enumerate(row[1:]))
        for n, row in enumerate(FIELDS)
    ]
    outcome = xgboost.run(
        {"train/a.svm": "\n".join(lines)},
        {"num_round": "3", "objective": "rank:ndcg", "eval_metric": "ndcg,ndcg@5"},
        "libsvm",
    )

    assert outcome.code == 0, outcome.log
    assert "train: 342 rows × 10 features." in outcome.log
    assert "#011train-ndcg@5:" in outcome.metric_lines[-1]
