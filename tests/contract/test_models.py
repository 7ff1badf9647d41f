"""Models and endpoint configurations through boto3: what is kept, listed, refused. Source: AWS's API reference,
CreateModel, ContainerDefinition, S3ModelDataSource, CreateEndpointConfig, ProductionVariant."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import ROLE, Server
from tests.endpoints import ECHO, Endpoints

OBJECT = {"S3Uri": "s3://b/k", "S3DataType": "S3Object", "CompressionType": "None"}


@pytest.fixture(scope="module")
def endpoints(salvia: Server) -> Endpoints:
    """Endpoints on the shared server."""
    return Endpoints(salvia)


def refused(call: Any, **request: Any) -> str:
    """What a call is refused with, a ValidationException."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    return caught.value.response["Error"]["Message"]


def test_a_model_is_kept_and_deleted(endpoints: Endpoints) -> None:
    """Describe echoes the request; clients look for "Could not find model" once it is gone."""
    sagemaker, name = endpoints.sagemaker, endpoints.model(COLOUR="green")
    described = sagemaker.describe_model(ModelName=name)
    assert described["PrimaryContainer"]["Image"] == ECHO
    assert described["PrimaryContainer"]["Environment"]["COLOUR"] == "green"
    assert described["PrimaryContainer"]["Mode"] == "SingleModel"
    assert described["ExecutionRoleArn"] == ROLE
    assert described["EnableNetworkIsolation"] is False
    arn = described["ModelArn"]
    assert arn == f"arn:aws:sagemaker:us-east-1:123456789012:model/{name}"
    assert f'Cannot create already existing model "{arn}".' == refused(
        sagemaker.create_model, ModelName=name, PrimaryContainer={"Image": ECHO}, ExecutionRoleArn=ROLE
    )
    sagemaker.delete_model(ModelName=name)
    assert f'Could not find model "{arn}".' == refused(sagemaker.describe_model, ModelName=name)
    assert "Could not find model" in refused(sagemaker.delete_model, ModelName=name)


def test_models_and_configurations_are_listed(endpoints: Endpoints) -> None:
    """Their paginators, by name and time."""
    models = [endpoints.model(name=f"listed-{n}-{endpoints.bucket[-6:]}") for n in range(3)]
    pages = endpoints.sagemaker.get_paginator("list_models").paginate(
        NameContains="listed-", SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    assert [one["ModelName"] for page in pages for one in page["Models"]] == models
    configs = [endpoints.config(endpoints.variant(model)) for model in models]
    pages = endpoints.sagemaker.get_paginator("list_endpoint_configs").paginate(PaginationConfig={"PageSize": 2})
    listed = [one["EndpointConfigName"] for page in pages for one in page["EndpointConfigs"]]
    assert [name for name in listed if name in configs] == configs[::-1]


@pytest.mark.parametrize(
    ("container", "said"),
    [
        ({}, "needs an Image"),
        ({"Image": ECHO, "ModelPackageName": "p"}, "ModelPackageName"),
        ({"Image": ECHO, "MultiModelConfig": {"ModelCacheSetting": "Enabled"}}, "needs the Mode MultiModel"),
        ({"Image": ECHO, "ModelDataUrl": "https://nowhere/"}, "Write s3://bucket/key"),
        (
            {
                "Image": ECHO,
                "ModelDataSource": {
                    "S3DataSource": {"S3Uri": "s3://b/k", "S3DataType": "S3Prefix", "CompressionType": "None"}
                },
            },
            "ends with a forward slash",
        ),
        (
            {
                "Image": ECHO,
                "ModelDataSource": {
                    "S3DataSource": {"S3Uri": "s3://b/k/", "S3DataType": "S3Prefix", "CompressionType": "Gzip"}
                },
            },
            "needs the S3DataType S3Object",
        ),
        ({"Image": ECHO, "AdditionalModelDataSources": [{"ChannelName": "..", "S3DataSource": OBJECT}]}, "ChannelName"),
        (
            {
                "Image": ECHO,
                "ImageConfig": {
                    "RepositoryAccessMode": "Platform",
                    "RepositoryAuthConfig": {"RepositoryCredentialsProviderArn": "arn:aws:lambda:::function:f"},
                },
            },
            "RepositoryAuthConfig",
        ),
    ],
)
def test_a_container_that_cannot_be_is_refused(endpoints: Endpoints, container: dict[str, Any], said: str) -> None:
    """What contradicts itself, and what Salvia cannot do yet: in a sentence that names it."""
    create = endpoints.sagemaker.create_model
    assert said in refused(create, ModelName="wrong", PrimaryContainer=container, ExecutionRoleArn=ROLE)


def test_several_containers_have_names_of_their_own(endpoints: Endpoints) -> None:
    """Multi-container endpoints: "The ContainerHostname parameter is required … with direct invocation"."""
    create = endpoints.sagemaker.create_model
    request = {"ModelName": "several", "ExecutionRoleArn": ROLE}
    one = {"Image": ECHO, "ContainerHostname": "one"}
    both = refused(create, **request, PrimaryContainer=one, Containers=[one, one])
    assert "Exactly one of" in both
    assert "unique" in refused(create, **request, Containers=[one, one])
    direct = {"Mode": "Direct"}
    assert "ContainerHostname is required" in refused(
        create, **request, Containers=[one, {"Image": ECHO}], InferenceExecutionConfig=direct
    )
    assert "ExecutionRoleArn is required" in refused(create, ModelName="several", Containers=[one])


def test_a_configuration_is_kept_and_deleted(endpoints: Endpoints) -> None:
    """An endpoint takes what it needs when it is created: the configuration may go while it serves."""
    sagemaker, model = endpoints.sagemaker, endpoints.model()
    variant = endpoints.variant(model)
    del variant["InitialVariantWeight"]
    name = endpoints.config(variant)
    described = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert described["ProductionVariants"] == [{**variant, "InitialVariantWeight": 1.0}]
    arn = described["EndpointConfigArn"]
    assert f'Cannot create already existing endpoint configuration "{arn}".' == refused(
        sagemaker.create_endpoint_config, EndpointConfigName=name, ProductionVariants=[variant]
    )
    endpoint = endpoints.create(name)
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    sagemaker.delete_model(ModelName=model)
    assert f'Could not find endpoint configuration "{arn}".' == refused(
        sagemaker.describe_endpoint_config, EndpointConfigName=name
    )
    assert "Could not find endpoint configuration" in refused(
        sagemaker.create_endpoint, EndpointName="none", EndpointConfigName=name
    )
    more = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=more)
    assert endpoints.settled(endpoint)["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    endpoints.delete(endpoint)


def test_a_configuration_that_cannot_be_is_refused(endpoints: Endpoints) -> None:
    """Missing models in AWS's sentence; what is not built by its name."""
    create, model = endpoints.sagemaker.create_endpoint_config, endpoints.model()
    variant = endpoints.variant(model)

    def said(*variants: Any, **more: Any) -> str:
        return refused(create, EndpointConfigName="wrong", ProductionVariants=list(variants), **more)

    assert "Could not find model" in said({**variant, "ModelName": "absent"})
    assert "unique" in said(variant, variant)
    assert "needs an InitialInstanceCount" in said({k: v for k, v in variant.items() if k != "InitialInstanceCount"})
    assert "PREFIX_AWARE" in said({**variant, "RoutingConfig": {"RoutingStrategy": "PREFIX_AWARE"}})
    assert "PrefixAwareRoutingConfig" in said(
        {**variant, "RoutingConfig": {"RoutingStrategy": "RANDOM", "PrefixAwareRoutingConfig": {"PrefixLength": 1024}}}
    )
    capture = {
        "InitialSamplingPercentage": 1,
        "DestinationS3Uri": "s3://bucket/seen",
        "KmsKeyId": "key",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    assert "DataCaptureConfig.KmsKeyId" in said(variant, DataCaptureConfig=capture)
    assert "ShadowProductionVariants" in said(variant, ShadowProductionVariants=[{**variant, "VariantName": "shadow"}])
