"""The registry accounts are those that SageMaker's own SDKs know, of both versions, in every region."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from salvia.images import registries
from salvia.images.catalogue import Catalogue, parse
from salvia.images.image import default_folder

ROOT = Path(__file__).resolve().parents[2]
# registry → frameworks of it, as `image_uris.retrieve` names them
FRAMEWORKS = {
    "frameworks": ("sklearn", "xgboost"),
    "deep-learning": ("pytorch", "tensorflow"),
    "algorithms": (
        "factorization-machines",
        "ipinsights",
        "kmeans",
        "knn",
        "linear-learner",
        "ntm",
        "pca",
        "randomcutforest",
    ),
    "text-and-vision": ("blazingtext",),
    "forecasting": ("forecasting-deepar",),
    "topic-models": ("lda",),
    "base-python": ("sagemaker-base-python",),
    "distribution": ("sagemaker-distribution",),
}
BUILT = (
    "xgboost",
    "sklearn",
    "pytorch",
    "tensorflow",
    "lda",
    "forecasting-deepar",
    "blazingtext",
    "sagemaker-base-python",
    "sagemaker-distribution",
    *FRAMEWORKS["algorithms"],
)


@pytest.mark.parametrize("major", [2, 3])
def test_every_region_of_the_sdk_is_known(major: int) -> None:
    """`image_uris.retrieve` for each region of its own tables; what we have an image for, it finds."""
    python = ROOT / f".venv-sdk{major}" / "bin" / "python"
    asked = [name for names in FRAMEWORKS.values() for name in names]
    command = [str(python), str(Path(__file__).parent / "sdk" / "registries.py"), *asked]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    declared, catalogue = registries.read(default_folder()), Catalogue()
    for registry, frameworks in FRAMEWORKS.items():
        for framework in frameworks:
            assert len(found[framework]) >= 16, framework
            for region, uris in found[framework].items():
                for uri in uris:
                    name = parse(uri)
                    assert name is not None, uri
                    assert declared[registry].get(region) == name.account, uri
                    assert framework not in BUILT or catalogue.known(uri) is not None, uri
