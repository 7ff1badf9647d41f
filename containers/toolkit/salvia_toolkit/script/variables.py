"""The environment and the arguments of a script: SM_…, and `--name value`.

Source: ENVIRONMENT_VARIABLES.md of AWS's SageMaker Training Toolkit.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from .told import Told

_INFO = 20  # of Python's logging


def arguments(told: Told) -> list[str]:
    """The hyperparameters as words, in the order of their names."""
    words = []
    for name, value in sorted(told.hyperparameters.items()):
        words += [f"--{name}" if len(name) > 1 else f"-{name}", _word(value)]
    return words


def variables(told: Told) -> dict[str, str]:
    """Every SM_… variable."""
    facts = _facts(told)
    shown = {name: value for name, value in facts.items() if name not in ("channel_input_dirs", "job_name")}
    shown["hps"] = shown.pop("hyperparameters")
    shown["framework_params"] = shown.pop("additional_framework_parameters")
    shown |= {"channels": sorted(told.channels), "user_args": arguments(told), "training_env": facts}
    shown |= {f"channel_{name}": path for name, path in facts["channel_input_dirs"].items()}
    shown |= {f"hp_{name}": value for name, value in told.hyperparameters.items()}
    return {f"SM_{name.upper()}": _text(value) for name, value in shown.items()}


def _facts(told: Told) -> dict[str, Any]:
    """What SM_TRAINING_ENV holds."""
    base, resources = told.base, told.resources
    host, hosts = resources["current_host"], resources["hosts"]
    groups = resources.get("instance_groups") or []
    group = resources.get("current_group_name", "homogeneousCluster")
    return {
        "additional_framework_parameters": {
            name: value
            for name, value in told.toolkit.items()
            if name not in ("sagemaker_program", "sagemaker_submit_directory", "sagemaker_job_name")
        },
        "channel_input_dirs": {name: str(base / "input" / "data" / name) for name in told.channels},
        "current_host": host,
        "current_instance_group": group,
        "current_instance_group_hosts": next((g["hosts"] for g in groups if g["instance_group_name"] == group), hosts),
        "current_instance_type": resources.get("current_instance_type", "local"),
        "distribution_hosts": hosts,
        "distribution_instance_groups": [g["instance_group_name"] for g in groups],
        "framework_module": None,
        "hosts": hosts,
        "hyperparameters": told.hyperparameters,
        "input_config_dir": str(base / "input" / "config"),
        "input_data_config": told.channels,
        "input_dir": str(base / "input"),
        "instance_groups": [g["instance_group_name"] for g in groups],
        "instance_groups_dict": {g["instance_group_name"]: g for g in groups},
        "is_hetero": len(groups) > 1,
        "is_master": host == hosts[0],
        "job_name": os.environ.get("TRAINING_JOB_NAME"),
        "log_level": told.toolkit.get("sagemaker_container_log_level", _INFO),
        "master_hostname": hosts[0],
        "model_dir": str(base / "model"),
        "module_dir": told.source,
        "module_name": told.program.removesuffix(".py"),
        "network_interface_name": resources.get("network_interface_name", "eth0"),
        "num_cpus": _cores(),
        "num_gpus": gpus(),
        "output_data_dir": str(base / "output" / "data"),
        "output_dir": str(base / "output"),
        "output_intermediate_dir": str(base / "output" / "intermediate"),
        "resource_config": resources,
        "user_entry_point": told.program,
    }


def gpus() -> int:
    """The GPUs of this instance: where it sees those of others, the platform says which are its own."""
    told = os.environ.get("CUDA_VISIBLE_DEVICES")
    if told is not None:
        return len([device for device in told.split(",") if device.strip() not in ("", "-1")])
    return len(list(Path("/dev").glob("nvidia[0-9]*")))


def _cores() -> int:
    """Those of the instance: the platform says in OMP_NUM_THREADS how many of the machine's are its own."""
    seen = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    told = os.environ.get("OMP_NUM_THREADS", "")
    return min(seen, int(told)) if told.isdecimal() and int(told) else seen


def _word(value: Any) -> str:
    """A hyperparameter as an argument: Python's text of it, and `a=1,b=2` for an object."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return ",".join(f"{name}={item}" for name, item in sorted(value.items()))
    return str(value)


def _text(value: Any) -> str:
    """A value as a variable: text as it is, JSON for the rest."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
