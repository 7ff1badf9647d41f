"""Before a script trains on several hosts."""

from __future__ import annotations

import json
import os

from sagemaker_xgboost_container.distributed import wait_hostname_resolution


def _wait_hostname_resolution() -> None:
    """Return when the names of the job's hosts resolve; AWS's examples call it by this name."""
    wait_hostname_resolution(json.loads(os.environ["SM_HOSTS"]))
