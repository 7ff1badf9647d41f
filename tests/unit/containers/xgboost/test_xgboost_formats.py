"""The XGBoost image's content types: the same rows give the same model, whatever they are written in."""

from __future__ import annotations

import base64
import struct

from .conftest import Image, diabetes_rows

ROWS = diabetes_rows()
FIELDS = [row.split(",") for row in ROWS[:342]]
CSV = "\n".join(ROWS[:342]) + "\n"
HYPERPARAMETERS = {"num_round": "10"}
MAGIC = 0xCED7230A


def libsvm(fields: list[list[str]] = FIELDS) -> str:
    return "".join(f"{label} " + " ".join(f"{n}:{v}" for n, v in enumerate(values)) + "\n" for label, *values in fields)


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
    message = b"".join(member(n, member(1, b"values") + member(2, value)) for n, value in ((1, features), (2, label)))
    return struct.pack("<II", MAGIC, len(message)) + message + b"\0" * (-len(message) % 4)


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


def test_libsvm_gives_the_model_of_the_same_csv(xgboost: Image) -> None:
    """libsvm is also the default where there is no ContentType (AWS guide, "Input/Output Interface")."""
    types = ["libsvm", "text/libsvm", "text/x-libsvm; charset=utf-8", None]
    outcomes = xgboost.run_all([xgboost.base({"train/a.svm": libsvm()}, HYPERPARAMETERS, one) for one in types])

    same(xgboost, outcomes)
    assert ["has no ContentType" in one.log for one in outcomes] == [False, False, False, True]


def test_parquet_gives_the_model_of_the_same_csv(xgboost: Image) -> None:
    """AWS guide: application/x-parquet; the label is the first column. A name may hold what is a pattern elsewhere."""
    (xgboost.tmp / "train.csv").write_text(CSV)
    file = xgboost.tmp / "rows.parquet"
    xgboost.measure(train=xgboost.tmp / "train.csv", parquet=file)

    same(xgboost, [xgboost.run({"train/part[0]*.parquet": file}, HYPERPARAMETERS, "application/x-parquet")])


def test_recordio_protobuf_gives_the_model_of_the_same_csv(xgboost: Image) -> None:
    """AWS guide, "Common Data Formats for Training": dense and sparse tensors of float32 and float64."""
    contents = [recordio(kind, sparse) for kind in (2, 3) for sparse in (False, True)]
    kind = "application/x-recordio-protobuf"
    same(xgboost, xgboost.run_all([xgboost.base({"train/a.pbr": one}, HYPERPARAMETERS, kind) for one in contents]))


# What SageMaker's Python SDK 2.257 wrote of ((1, 1.5, 0, -2), (2, 0, 3, 4), (3, 5, 6, 0)), labels first:
# write_numpy_to_dense_tensor of float32 and float64, write_spmatrix_to_sparse_tensor of the non-zeros.
RECORDED = {
    "dense32": "CiPXzjAAAAAKGgoGdmFsdWVzEhASDgoMAADAPwAAAAAAAADAEhIKBnZhbHVlcxIIEgYKBAAAgD8KI9fOMAAAAAoaCgZ2YWx1ZXMS"
    "EBIOCgwAAAAAAABAQAAAgEASEgoGdmFsdWVzEggSBgoEAAAAQAoj184wAAAAChoKBnZhbHVlcxIQEg4KDAAAoEAAAMBAAAAAABIS"
    "CgZ2YWx1ZXMSCBIGCgQAAEBA",
    "dense64": "CiPXzkAAAAAKJgoGdmFsdWVzEhwaGgoYAAAAAAAA+D8AAAAAAAAAAAAAAAAAAADAEhYKBnZhbHVlcxIMGgoKCAAAAAAAAPA/CiPX"
    "zkAAAAAKJgoGdmFsdWVzEhwaGgoYAAAAAAAAAAAAAAAAAAAIQAAAAAAAABBAEhYKBnZhbHVlcxIMGgoKCAAAAAAAAABACiPXzkAA"
    "AAAKJgoGdmFsdWVzEhwaGgoYAAAAAAAAFEAAAAAAAAAYQAAAAAAAAAAAEhYKBnZhbHVlcxIMGgoKCAAAAAAAAAhA",
    "sparse": "CiPXzjMAAAAKHQoGdmFsdWVzEhMSEQoIAADAPwAAAMASAgACGgEDEhIKBnZhbHVlcxIIEgYKBAAAgD8ACiPXzjMAAAAKHQoGdmFs"
    "dWVzEhMSEQoIAABAQAAAgEASAgECGgEDEhIKBnZhbHVlcxIIEgYKBAAAAEAACiPXzjMAAAAKHQoGdmFsdWVzEhMSEQoIAACgQAAA"
    "wEASAgABGgEDEhIKBnZhbHVlcxIIEgYKBAAAQEAA",
}


def test_what_the_python_sdk_writes_is_read(xgboost: Image) -> None:
    """Dense zeros are zeros; what a sparse record leaves out is missing."""
    given = {"num_round": "3", "min_child_weight": "0", "lambda": "0"}
    texts = {"dense": "1,1.5,0,-2\n2,0,3,4\n3,5,6,0\n", "sparse": "1,1.5,,-2\n2,,3,4\n3,5,6,\n"}
    bases = [xgboost.base({"train/a": text}, given, "csv") for text in texts.values()]
    bases += [
        xgboost.base({"train/a": base64.b64decode(text)}, given, "recordio-protobuf") for text in RECORDED.values()
    ]
    dense, sparse, *recorded = xgboost.run_all(bases)

    for outcome, expected in zip(recorded, (dense, dense, sparse), strict=True):
        assert outcome.code == 0, outcome.log
        assert outcome.metric_lines == expected.metric_lines
        assert "train: 3 rows × 3 features." in outcome.log


def test_recordio_integers_and_split_records_are_read(xgboost: Image) -> None:
    """Int32Tensor, negative numbers included. RecordIO splits a payload where it holds the magic number (MXNet)."""
    magic = struct.pack("<I", MAGIC)
    special = struct.unpack("<f", magic)[0]
    rows = [[n % 7 - 3, n % 5] for n in range(60)]
    whole = [record(tensor(7, row), tensor(7, [row[0] - row[1]])) for row in rows]
    message = record(tensor(2, [special, 1.0]), tensor(2, [1.0]))[8:].rstrip(b"\0")
    before, after = message.split(magic)
    split = [
        magic + struct.pack("<I", part << 29 | len(piece)) + piece + b"\0" * (-len(piece) % 4)
        for part, piece in ((1, before), (3, after))
    ]
    csv = "".join(f"{a - b},{a},{b}\n" for a, b in rows) + f"1,{special!r},1\n"
    outcomes = xgboost.run_all(
        [
            xgboost.base({"train/a": b"".join(whole + split)}, HYPERPARAMETERS, "recordio-protobuf"),
            xgboost.base({"train/a": csv}, HYPERPARAMETERS, "csv"),
        ]
    )

    assert outcomes[0].code == 0, outcomes[0].log
    assert outcomes[0].metric_lines == outcomes[1].metric_lines


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
    texts = [
        ("text/csv", "\n".join(",".join(row) for row in holes)),
        ("text/csv", "\ufeff" + "\r\n".join(";".join(f'"{v}"' for v in row) for row in holes)),
        ("text/csv; label_size=1", "\n".join("\t".join(row) for row in holes)),
        ("libsvm", "\n".join(" ".join(row) for row in sparse)),
    ]
    outcomes = xgboost.run_all([xgboost.base({"train/a": text}, HYPERPARAMETERS, kind) for kind, text in texts])

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
        f"{label}:{weight} " + " ".join(f"{n}:{v}" for n, v in enumerate(values)) for label, weight, *values in weighted
    ]
    svm = xgboost.run({"train/a.svm": "\n".join(lines) + "  # the end\n"}, HYPERPARAMETERS, "libsvm")

    assert csv.code == svm.code == 0, csv.log + svm.log
    assert csv.metric_lines == svm.metric_lines


def test_libsvm_queries_make_ranking_groups(xgboost: Image) -> None:
    """XGBoost documentation, "Text Input Format": qid:N after the label."""
    lines = [
        f"{n % 4} qid:{n // 10} " + " ".join(f"{c}:{v}" for c, v in enumerate(row[1:])) for n, row in enumerate(FIELDS)
    ]
    outcome = xgboost.run(
        {"train/a.svm": "\n".join(lines)},
        {"num_round": "3", "objective": "rank:ndcg", "eval_metric": "ndcg,ndcg@5"},
        "libsvm",
    )

    assert outcome.code == 0, outcome.log
    assert "train: 342 rows × 10 features." in outcome.log
    assert "#011train-ndcg@5:" in outcome.metric_lines[-1]
