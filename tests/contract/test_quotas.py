"""Account limits, through boto3. Expectations: the Service Quotas API reference; CreateTrainingJob's
ResourceLimitExceeded, in the words that its users quote."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import Jobs, Server

NAME = "ml.m5.2xlarge for training job usage"


@pytest.fixture
def client(salvia: Server) -> Any:
    return salvia.client("service-quotas")


def named(client: Any, name: str, operation: str = "list_service_quotas") -> dict[str, Any]:
    pages = client.get_paginator(operation).paginate(ServiceCode="sagemaker")
    (found,) = [quota for page in pages for quota in page["Quotas"] if quota["QuotaName"] == name]
    return found


def refusal(call: Any, **request: Any) -> dict[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]


def test_quotas_are_found_by_name(client: Any) -> None:
    """As the guide tells people to ask for a warm pool quota: list the service's quotas, find the one by its name."""
    pages = client.get_paginator("list_services").paginate()
    assert {"ServiceCode": "sagemaker", "ServiceName": "Amazon SageMaker"} in [
        service for page in pages for service in page["Services"]
    ]
    quota = named(client, "ml.m5.large for training warm pool usage")
    assert quota["Adjustable"] is True
    assert quota["QuotaArn"] == f"arn:aws:servicequotas:us-east-1:123456789012:sagemaker/{quota['QuotaCode']}"
    assert client.get_service_quota(ServiceCode="sagemaker", QuotaCode=quota["QuotaCode"])["Quota"] == quota
    only = client.list_service_quotas(ServiceCode="sagemaker", QuotaCode=quota["QuotaCode"])["Quotas"]
    assert only == [quota]
    assert client.list_service_quotas(ServiceCode="sagemaker", QuotaAppliedAtLevel="RESOURCE")["Quotas"] == []


def test_what_there_is_not_is_said(client: Any) -> None:
    """NoSuchResourceException, for a service and for a quota."""
    error = refusal(client.list_service_quotas, ServiceCode="gamelift")
    assert error["Code"] == "NoSuchResourceException"
    error = refusal(client.get_service_quota, ServiceCode="sagemaker", QuotaCode="L-NONE")
    assert error["Code"] == "NoSuchResourceException"
    error = refusal(client.get_requested_service_quota_change, RequestId="none")
    assert error["Code"] == "NoSuchResourceException"
    error = refusal(client.list_services, NextToken="abc")
    assert error["Code"] == "InvalidPaginationTokenException"


def test_an_increase_is_granted_at_once(client: Any) -> None:
    quota = named(client, NAME)
    code, desired = quota["QuotaCode"], quota["Value"] + 5
    which = {"ServiceCode": "sagemaker", "QuotaCode": code}
    asked = client.request_service_quota_increase(**which, DesiredValue=desired)["RequestedQuota"]
    assert (asked["DesiredValue"], asked["QuotaName"], asked["Status"]) == (desired, NAME, "APPROVED")
    assert client.get_service_quota(**which)["Quota"]["Value"] == desired
    default = client.get_aws_default_service_quota(**which)["Quota"]
    assert default["Value"] == quota["Value"]
    assert default == named(client, NAME, "list_aws_default_service_quotas")
    assert client.get_requested_service_quota_change(RequestId=asked["Id"])["RequestedQuota"] == asked
    history = client.get_paginator("list_requested_service_quota_change_history").paginate(ServiceCode="sagemaker")
    assert asked in [one for page in history for one in page["RequestedQuotas"]]
    by_quota = client.get_paginator("list_requested_service_quota_change_history_by_quota").paginate(**which)
    assert [one for page in by_quota for one in page["RequestedQuotas"]] == [asked]
    denied = client.list_requested_service_quota_change_history(Status="DENIED")
    assert denied["RequestedQuotas"] == []
    error = refusal(client.request_service_quota_increase, **which, DesiredValue=desired)
    assert error["Code"] == "IllegalArgumentException"
    assert "greater than the current quota value" in error["Message"]


def test_a_job_beyond_the_quota_is_refused(jobs: Jobs, client: Any) -> None:
    """ResourceLimitExceeded, in AWS's sentence; a raised quota lets it through."""
    kind = "ml.c5.4xlarge"
    quota = named(client, f"{kind} for training job usage")
    beyond = int(quota["Value"]) + 1
    resources = {"InstanceType": kind, "InstanceCount": beyond, "VolumeSizeInGB": 1}
    error = refusal(jobs.start, code="pass", ResourceConfig=resources)
    assert error["Code"] == "ResourceLimitExceeded"
    assert error["Message"].startswith(
        f"The account-level service limit '{kind} for training job usage' is {quota['Value']:.0f} Instances, with "
        f"current utilization of 0 Instances and a request delta of {beyond} Instances. "
    )
