"""`make proof`: every image on real data, through a real server, beside its library by itself.

Trains on one instance and on two, serves, transforms a batch; then builds all images' environments anew, and says how
long that took. It writes docs/proof.md; with `ARGS="xgboost kmeans"`, the rows of these; with `ARGS=environments`, the
second table alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from salvia.images import image, kept
from salvia.images.builder import Builder
from tests.conftest import ROLE, Server, free_port
from tests.endpoints import archive
from tests.proof.measures import LESS_IS_BETTER, MEASURES, WHOLE
from tests.proof.rows import ROWLESS, ROWS, Row

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_SDK = _ROOT / ".venv-sdk2" / "bin" / "python"
_BASELINES = "scikit-learn"  # the image whose environment has what they need
_SEEDS = (1, 2, 3)
_PAGE = _ROOT / "docs" / "proof.md"
_BEFORE_THE_TABLE = "<!-- written by `make proof` -->\n\n"
_TITLES = "| Image | Data | Measure | One instance | Two | Served | Batch | The library itself | Baseline |"
_BETWEEN = "\n## Environments\n\n"
_BUILT = "| Image | Built in | Packages |"
_ENVIRONMENTS = "environments"
_ORDER = (*dict.fromkeys(row.image for row in ROWS), *ROWLESS)


@dataclass
class Cell:
    """What one way to use an image gave."""

    value: float
    seconds: float

    def __str__(self) -> str:
        return f"{self.value:.4g} ({self.seconds:.0f} s)"


@dataclass
class Proof:
    """A row, done: a failure is a sentence."""

    row: Row
    cells: dict[str, Cell] = field(default_factory=dict)
    direct: list[float] = field(default_factory=list)
    baseline: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def check(self) -> None:
        """No worse than the library's worst seed, better than the baseline, and the same however it is asked."""
        sign = -1 if self.row.measure in LESS_IS_BETTER else 1
        if any(sign * value <= sign * self.baseline for value in self.direct):
            self.wrong.append(f"the library itself, {_spread(self.direct)}, does not beat {self.baseline:.4g}")
        for way, cell in self.cells.items():
            if sign * cell.value <= sign * self.baseline:
                self.wrong.append(f"{way}: {cell.value:.4g} does not beat the baseline, {self.baseline:.4g}")
            if self.direct:
                worst = min(self.direct, key=lambda value: sign * value)
                slack = max(abs(value - worst) for value in self.direct)  # two instances' mini-batches are others
                if sign * cell.value < sign * worst - (slack if way == "two" else 0) - 1e-3 * abs(worst):
                    self.wrong.append(f"{way}: {cell.value:.4g}, the library itself {_spread(self.direct)}")


class Bench:
    """One server, and what is asked of it."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.sagemaker, self.s3 = server.client("sagemaker"), server.client("s3")
        self.s3.create_bucket(Bucket="proof")

    def prove(self, row: Row) -> Proof:
        """All ways to use the image."""
        folder = self._data(row.data)
        proof = Proof(row)
        python = self.server.python
        labels = json.loads((folder / "labels.json").read_text())

        def measured(answers: Any) -> float:
            return answers if isinstance(answers, float) else MEASURES[row.measure](answers, labels)

        def directly(function: str, where: str, seed: int) -> float:
            named = str(_HERE / "scripts" / function) if function.endswith(".py") else function
            command = [str(python(where)), str(_HERE / "direct.py"), named, str(folder), str(seed)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=600)
            assert done.returncode == 0, done.stderr
            return measured(json.loads(done.stdout.splitlines()[-1]))

        proof.baseline = directly(row.baseline, _BASELINES, 0)
        if row.direct:
            proof.direct = [directly(row.direct, row.where or row.image, seed) for seed in _SEEDS]
        models = {}
        for way, count in (("one", 1), ("two", 2)):
            if count == 1 or not row.alone:
                models[way], seconds, metrics = self._trained(row, folder, f"{row.image}-{way}", count)
                ask = self._served(row, folder, f"{row.image}-{way}", models[way])
                answers, asked = ask
                proof.cells[way] = Cell(metrics[row.measure] if ":" in row.measure else measured(answers), seconds)
                if way == "one":
                    once, proof.cells["served"] = answers, Cell(proof.cells[way].value, asked)
        answers, seconds = self._transformed(row, folder, f"{row.image}-one")
        if len(answers) != len(once) or not all(map(_alike, answers, once)):
            proof.wrong.append("a batch transform answers something else than the endpoint")
        proof.cells["batch"] = Cell(proof.cells["one"].value if ":" in row.measure else measured(answers), seconds)
        proof.check()
        return proof

    def _data(self, name: str) -> Path:
        """Its folder, also in S3."""
        folder = self.folder / name
        if not folder.exists():
            subprocess.run([_SDK, _HERE / "data.py", name, folder], check=True, capture_output=True)
            for path in folder.rglob("*"):
                if path.is_file():
                    self.s3.upload_file(str(path), "proof", f"{name}/{path.relative_to(folder)}")
        return folder

    def _source(self, row: Row) -> dict[str, str]:
        """Where the script is, in the words of both the hyperparameters and the environment."""
        if not row.script:
            return {}
        content = (_HERE / "scripts" / row.script).read_bytes()
        self.s3.put_object(Bucket="proof", Key=f"source/{row.image}.tar.gz", Body=archive(**{row.script: content}))
        return {"program": row.script, "submit_directory": f"s3://proof/source/{row.image}.tar.gz"}

    def _trained(self, row: Row, folder: Path, name: str, count: int) -> tuple[str, float, dict[str, float]]:
        """A job, ended: its model, the seconds that it took, its metrics."""
        given = {f"sagemaker_{key}": value for key, value in self._source(row).items()} | row.hyperparameters
        form = json.dumps if row.script else lambda value: value if isinstance(value, str) else json.dumps(value)
        began = time.monotonic()
        self.sagemaker.create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={"TrainingImage": row.uri, "TrainingInputMode": "File"},
            RoleArn=ROLE,
            HyperParameters={key: form(value) for key, value in given.items()},
            InputDataConfig=[self._channel(row, channel, count) for channel in row.channels],
            OutputDataConfig={"S3OutputPath": "s3://proof/models"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": count, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 1200},
        )
        job = self._until(lambda: self.sagemaker.describe_training_job(TrainingJobName=name), "TrainingJobStatus")
        metrics = {one["MetricName"]: float(one["Value"]) for one in job.get("FinalMetricDataList", ())}
        return job["ModelArtifacts"]["S3ModelArtifacts"], time.monotonic() - began, metrics

    @staticmethod
    def _channel(row: Row, name: str, count: int) -> dict[str, Any]:
        spread = "ShardedByS3Key" if count > 1 and not row.script and name == "train" else "FullyReplicated"
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://proof/{row.data}/{name}/", "S3DataDistributionType": spread}
        return {"ChannelName": name, "ContentType": row.content, "DataSource": {"S3DataSource": source}}

    def _served(self, row: Row, folder: Path, name: str, model: str) -> tuple[list[Any], float]:
        """What an endpoint answers, and the seconds from its creation to that."""
        source = {} if row.served_alone else self._source(row)
        variables = {f"SAGEMAKER_{key.upper()}": value for key, value in source.items()}
        container = {"Image": row.serves or row.uri, "ModelDataUrl": model, "Environment": variables}
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        began = time.monotonic()
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        self._until(lambda: self.sagemaker.describe_endpoint(EndpointName=name), "EndpointStatus")
        said = self.server.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=name,
            ContentType=row.asked,
            Accept=row.accept,
            Body=(folder / "unseen").read_bytes(),
        )
        body, seconds = said["Body"].read(), time.monotonic() - began
        self.sagemaker.delete_endpoint(EndpointName=name)
        return _answers(body, row), seconds

    def _transformed(self, row: Row, folder: Path, name: str) -> tuple[list[Any], float]:
        """What a batch transform writes, and the seconds that it took."""
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://proof/{row.data}/unseen"}
        split = "RecordIO" if "recordio" in row.asked else "Line"
        began = time.monotonic()
        self.sagemaker.create_transform_job(
            TransformJobName=name,
            ModelName=name,
            TransformInput={"DataSource": {"S3DataSource": source}, "ContentType": row.asked, "SplitType": split},
            TransformOutput={
                "S3OutputPath": f"s3://proof/out/{name}",
                "Accept": row.accept,
                "AssembleWith": "Line",
            },
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        )
        self._until(lambda: self.sagemaker.describe_transform_job(TransformJobName=name), "TransformJobStatus")
        seconds = time.monotonic() - began
        body = self.s3.get_object(Bucket="proof", Key=f"out/{name}/unseen.out")["Body"].read()
        return _answers(body, row), seconds

    @staticmethod
    def _until(describe: Callable[[], dict[str, Any]], status: str) -> dict[str, Any]:
        """Its description, once it has ended well or is in service."""
        deadline = time.monotonic() + 1200
        while (found := describe())[status] not in ("Completed", "InService"):
            if found[status] not in ("InProgress", "Creating") or time.monotonic() > deadline:
                raise RuntimeError(f"{found[status]}: {found.get('FailureReason')}")
            time.sleep(0.2)
        return found


def _answers(body: bytes, row: Row) -> list[Any]:
    """One for each row: a number, a label or a list of numbers. They are in one JSON document, or in several."""
    text, found, decoder = body.decode().strip(), [], json.JSONDecoder()
    while text:
        said, end = decoder.raw_decode(text)
        found += _found(said, row)
        text = text[end:].lstrip()
    return found


def _found(said: Any, row: Row) -> list[Any]:
    if isinstance(said, dict):
        return _found(said["predictions"], row) if "predictions" in said else [_one(said[row.member], row)]
    if isinstance(said, list):
        return [one for part in said for one in _found(part, row)]
    return [said]


def _one(value: Any, row: Row) -> Any:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list) and row.measure not in WHOLE and ":" not in row.measure:
        value = value[-1]
    return value.removeprefix("__label__") if isinstance(value, str) else value


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return one == other or (isinstance(one, float) and abs(one - other) <= 1e-4 * (1 + abs(other)))


def _spread(values: list[float]) -> str:
    return f"{min(values):.4g} to {max(values):.4g}" if values else "ours"


def build(names: list[str], root: Path) -> dict[str, tuple[float, int]]:
    """Seconds and bytes of each environment, built one after another in a folder that is empty at first."""
    found = {}
    for name in names:
        own = image.read(image.default_folder() / name)
        began = time.monotonic()
        made = asyncio.run(Builder(root).build(own))
        found[name] = time.monotonic() - began, kept.size(made.packages)
    return found


def table(proofs: list[Proof]) -> dict[str, str]:
    """A line of the page for each image."""
    lines = {}
    for proof in proofs:
        row, cells = proof.row, {way: str(cell) for way, cell in proof.cells.items()}
        beside = f"{_spread(proof.direct)}{f' ({row.direct})' if row.where else ''}"
        ways = (cells.get("one", ""), cells.get("two", row.alone), cells.get("served", ""), cells.get("batch", ""))
        told = (row.image, row.data, row.measure, *ways, beside, f"{proof.baseline:.4g}")
        lines[row.image] = f"| {' | '.join(told)} |"
    return lines


def environments(found: dict[str, tuple[float, int]]) -> dict[str, str]:
    """The same for what was built."""
    return {name: f"| {name} | {took:.0f} s | {size / 2**20:,.0f} MiB |" for name, (took, size) in found.items()}


def write(page: Path, proofs: list[Proof], found: dict[str, tuple[float, int]]) -> None:
    """Renew the lines of these images, or drop them where something is wrong; those of others stay."""
    head, _, rest = page.read_text().partition(_BEFORE_THE_TABLE)
    parts = [head + _BEFORE_THE_TABLE]
    old = rest.partition(_BETWEEN)
    dropped = {proof.row.image for proof in proofs if proof.wrong}
    tables = ((_TITLES, old[0], table(proofs), dropped), (_BUILT, old[2], environments(found), set[str]()))
    for titles, before, new, wrong in tables:
        lines = {line.split("|")[1].strip(): line for line in before.splitlines() if line.startswith("| ")} | new
        order = [name for name in _ORDER if name in lines.keys() - wrong]
        parts.append("\n".join([titles, "|---" * (titles.count("|") - 1) + "|", *(lines[name] for name in order)]))
    page.write_text(f"{parts[0]}{parts[1]}\n{_BETWEEN}{parts[2]}\n")


def run(names: list[str], done: Callable[[Proof], None]) -> None:
    """Rows of these images, or all; `done` is told of each.

    Environments are built in a folder of the run, or in SALVIA_TEST_IMAGES.
    """
    with tempfile.TemporaryDirectory(prefix="salvia-proof-") as work:
        folder = Path(work)
        (folder / "data").mkdir()
        home = folder / "home"
        home.mkdir()
        images = Path(os.environ.get("SALVIA_TEST_IMAGES") or folder / "images")
        images.mkdir(exist_ok=True)
        (home / "images").symlink_to(images)
        server = Server(home, free_port())
        server.up()
        try:
            bench = Bench(server, folder / "data")
            for row in ROWS:
                if not names or row.image in names:
                    build(sorted({name for name in (row.image, row.where, _BASELINES) if name}), images)
                    try:
                        proof = bench.prove(row)
                    except Exception as error:  # one row that fails hides no other
                        proof = Proof(row, wrong=[str(error)])
                    done(proof)
        finally:
            server.down()


def main(names: list[str]) -> int:
    known = {*(row.image for row in ROWS), _ENVIRONMENTS}
    if strange := set(names) - known:
        sys.exit(f"there is no row {', '.join(strange)}; there are {', '.join(sorted(known))}")
    wrong = []

    def done(proof: Proof) -> None:
        print(*table([proof]).values(), *(f"WRONG {why}" for why in proof.wrong), sep="\n", flush=True)
        write(_PAGE, [proof], {})
        wrong.extend(proof.wrong)

    if names != [_ENVIRONMENTS]:
        run(names, done)
    if not names or _ENVIRONMENTS in names:
        with tempfile.TemporaryDirectory(prefix="salvia-proof-") as work:
            write(_PAGE, [], build(list(_ORDER), Path(work)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
