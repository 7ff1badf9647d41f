"""What of Studio's settings is in force. Sources: API_IdleSettings, API_SpaceIdleSettings, API_UserSettings."""

from __future__ import annotations

from typing import Any

import pytest

from salvia.services.sagemaker.domain import settings

ON = {"LifecycleManagement": "ENABLED"}


def lab(**idle: Any) -> dict[str, Any]:
    return {"JupyterLabAppSettings": {"AppLifecycleManagement": {"IdleSettings": idle}}}


@pytest.mark.parametrize(
    ("given", "own", "minutes"),
    [
        ({}, None, None),
        ({"IdleTimeoutInMinutes": 90}, 70, None),  # it is not ENABLED
        ({**ON, "LifecycleManagement": "DISABLED", "IdleTimeoutInMinutes": 90}, None, None),
        (ON, None, 60),
        ({**ON, "IdleTimeoutInMinutes": 90}, None, 90),
        ({**ON, "MinIdleTimeoutInMinutes": 75}, None, 75),
        ({**ON, "IdleTimeoutInMinutes": 90}, 120, 120),
        ({**ON, "IdleTimeoutInMinutes": 90, "MaxIdleTimeoutInMinutes": 100}, 120, 100),
        ({**ON, "IdleTimeoutInMinutes": 90, "MinIdleTimeoutInMinutes": 80}, 60, 80),
    ],
)
def test_a_space_has_its_own_idle_time_within_limits(
    given: dict[str, Any], own: int | None, minutes: int | None
) -> None:
    space = {"SpaceSettings": lab(IdleTimeoutInMinutes=own)} if own else {}
    assert settings.idle_minutes(lab(**given), space) == minutes


def test_settings_are_merged_structure_by_structure() -> None:
    """Lists are whole; what was merged is nobody else's to change."""
    domain = {"SecurityGroups": ["a", "b"], "JupyterLabAppSettings": {"DefaultResourceSpec": {"InstanceType": "x"}}}
    profile = {"SecurityGroups": ["c"], "JupyterLabAppSettings": {"DefaultResourceSpec": {"LifecycleConfigArn": "l"}}}
    found = settings.merged(domain, None, profile)
    both = {"InstanceType": "x", "LifecycleConfigArn": "l"}
    assert found == {"SecurityGroups": ["c"], "JupyterLabAppSettings": {"DefaultResourceSpec": both}}
    found["JupyterLabAppSettings"]["DefaultResourceSpec"]["InstanceType"] = "y"
    assert domain["JupyterLabAppSettings"] == {"DefaultResourceSpec": {"InstanceType": "x"}}


def test_a_space_is_as_large_as_it_says_or_as_its_settings_do() -> None:
    default = {"SpaceStorageSettings": {"DefaultEbsStorageSettings": {"DefaultEbsVolumeSizeInGb": 20}}}
    own = {"SpaceSettings": {"SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 30}}}}
    assert [settings.size({}, {}), settings.size(default, {}), settings.size(default, own)] == [5, 20, 30]
