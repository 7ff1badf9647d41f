"""`train`: the job's script, by itself or as one of MultiWorkerMirroredStrategy's workers.

Source: the SageMaker Python SDK's "Use TensorFlow with the SageMaker Python SDK", "Training with
MultiWorkerMirroredStrategy"; TensorFlow's guide, "Distributed training", "Setting up the TF_CONFIG".
"""

from __future__ import annotations

import json
import os
import sys

from salvia_toolkit.config import base_directory
from salvia_toolkit.script import run
from salvia_toolkit.script.ports import port
from salvia_toolkit.script.told import Told

from . import threads

_PORT = 8890  # as AWS's toolkit


def mirrored(told: Told, command: list[str]) -> list[str]:
    """The script as it is, which learns from TF_CONFIG who the workers are, and which of them it is.

    tf.keras is Keras 2 there, unless the job says otherwise: Keras 3 fails of what the workers' data is made of.
    """
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    hosts = told.resources["hosts"]
    os.environ["TF_CONFIG"] = json.dumps(
        {
            "cluster": {"worker": [f"{host}:{port(host, _PORT)}" for host in hosts]},
            "task": {"type": "worker", "index": hosts.index(told.resources["current_host"])},
            "environment": "cloud",
        }
    )
    return command


LAUNCHERS = {"multi_worker_mirrored_strategy": mirrored}


if __name__ == "__main__":
    threads.limit()
    sys.exit(run(base_directory(), LAUNCHERS))
