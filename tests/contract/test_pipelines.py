"""Pipelines through boto3. Expectations without another source: the guide, "Pipelines steps"; API_CreatePipeline,
API_StartPipelineExecution and what they are made of; the JSON is such as `Pipeline.definition()` of the SDKs writes."""

from __future__ import annotations

import itertools
import json
import time
import uuid
from typing import Any

import botocore.exceptions
import pytest
from tests.conftest import PROBE, ROLE, Server, eventually
from tests.endpoints import ECHO
from tests.pipelines import Pipelines, compare, condition, defined, fail, get, join, parameter

REPORT = """
import json, os
with open("/opt/ml/processing/output/report.json", "w") as report:
    json.dump({"mse": {"value": float(os.environ["MSE"])}}, report)
"""
YES = compare("Equals", 1, 1)
NO = compare("Equals", 1, 2)


@pytest.fixture(scope="module")
def pipelines(salvia: Server) -> Pipelines:
    return Pipelines(salvia)


def refused(code: str, **request: Any) -> str:
    call = request.pop("call")
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return str(caught.value.response["Error"]["Message"])


def test_process_train_evaluate_decide_register(pipelines: Pipelines) -> None:
    """The guide's own example: typed parameters, properties of other steps, a property file, a decision, a model
    and its registration. A group that is not there is made, as pipelines of AWS do."""
    group = f"group-{uuid.uuid4().hex[:8]}"
    evaluate = pipelines.processing(
        "Evaluate",
        REPORT,
        out="report",
        environment={
            "MSE": {"Std:Join": {"On": "", "Values": [get("Parameters.Mse")]}},
            "JOB": get("Execution.ProcessingJobName"),
        },
        PropertyFiles=[{"PropertyFileName": "Report", "OutputName": "report", "FilePath": "report.json"}],
        DependsOn=["Train"],
    )
    train = pipelines.training("Train", "open('/opt/ml/model/m', 'w').write('model')", DisplayName="The training")
    train["Arguments"]["InputDataConfig"] = [
        {
            "ChannelName": "train",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": get("Steps.Prepare.ProcessingOutputConfig.Outputs['rows'].S3Output.S3Uri"),
                }
            },
        }
    ]
    artefact = get("Steps.Train.ModelArtifacts.S3ModelArtifacts")
    model = {
        "Name": "Make",
        "Type": "Model",
        "Arguments": {"ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": PROBE, "ModelDataUrl": artefact}},
    }
    register = {
        "Name": "Register",
        "Type": "RegisterModel",
        "Arguments": {
            "ModelPackageGroupName": group,
            "ModelApprovalStatus": get("Parameters.Approval"),
            "InferenceSpecification": {
                "Containers": [{"Image": PROBE, "ModelDataUrl": artefact}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        },
    }
    mse = {"Std:JsonGet": {"PropertyFile": get("Steps.Evaluate.PropertyFiles.Report"), "Path": "mse.value"}}
    decide = condition(
        "Decide",
        compare("LessThanOrEqualTo", mse, 6.0),
        then=[model, register],
        other=[fail("TooBad", join("MSE is above", 6.0, on=" "))],
    )
    prepare = pipelines.processing("Prepare", "open('/opt/ml/processing/output/a.csv', 'w').write('1')", out="rows")
    approval = parameter(
        "Approval", DefaultValue="PendingManualApproval", EnumValues=["PendingManualApproval", "Approved"]
    )
    text = defined([decide, evaluate, prepare, train], [parameter("Mse", "Float"), approval])
    pipeline = pipelines.create(text, PipelineDescription="The loop", Tags=[{"Key": "team", "Value": "blue"}])
    execution = pipelines.start(pipeline, {"Mse": "5.5", "Approval": "Approved"}, PipelineExecutionDisplayName="first")
    described = pipelines.ended(execution)
    steps = pipelines.steps(execution)
    assert described["PipelineExecutionStatus"] == "Succeeded", steps
    assert described["PipelineExecutionDisplayName"] == "first" and described["PipelineVersionId"] == 1
    assert list(steps) == ["Prepare", "Train", "Evaluate", "Decide", "Make", "Register"]
    assert {step["StepStatus"] for step in steps.values()} == {"Succeeded"}
    assert steps["Decide"]["Metadata"] == {"Condition": {"Outcome": "True"}}
    assert steps["Train"]["StepDisplayName"] == "The training" and steps["Train"]["AttemptCount"] == 1
    job = steps["Train"]["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[1]
    assert job.startswith(f"pipelines-{execution.rsplit('/', 1)[1]}-train-")
    trained = pipelines.sagemaker.describe_training_job(TrainingJobName=job)
    evaluated = steps["Evaluate"]["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[1]
    environment = pipelines.sagemaker.describe_processing_job(ProcessingJobName=evaluated)["Environment"]
    assert environment["MSE"] == "5.5" and environment["JOB"] == evaluated
    assert trained["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"].endswith("/Prepare")
    version = pipelines.sagemaker.describe_model_package(
        ModelPackageName=steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    )
    assert version["ModelApprovalStatus"] == "Approved" and version["ModelPackageGroupName"] == group
    container = version["InferenceSpecification"]["Containers"][0]
    assert container["ModelDataUrl"] == trained["ModelArtifacts"]["S3ModelArtifacts"]
    assert steps["Make"]["Metadata"]["Model"]["Arn"].rsplit("/", 1)[1].startswith("pipelines-")
    pages = pipelines.sagemaker.get_paginator("list_pipeline_parameters_for_execution").paginate(
        PipelineExecutionArn=execution, PaginationConfig={"PageSize": 1}
    )
    given = [one for page in pages for one in page["PipelineParameters"]]
    assert given == [{"Name": "Mse", "Value": "5.5"}, {"Name": "Approval", "Value": "Approved"}]
    followed = pipelines.sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=execution)
    assert followed["PipelineDefinition"] == text
    tags = pipelines.sagemaker.list_tags(ResourceArn=described["PipelineArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "blue"}]

    bad = pipelines.start(pipeline, {"Mse": "7"})
    described = pipelines.ended(bad)
    assert described["PipelineExecutionStatus"] == "Failed"
    assert described["FailureReason"] == "Step failure: One or multiple steps failed."  # as AWS says it
    failed = pipelines.steps(bad)
    assert list(failed) == ["Prepare", "Train", "Evaluate", "Decide", "TooBad"]
    assert failed["TooBad"]["Metadata"] == {"Fail": {"ErrorMessage": "MSE is above 6.0"}}
    assert failed["TooBad"]["FailureReason"] == "MSE is above 6.0"


def test_fifty_conditions_in_a_row(pipelines: Pipelines) -> None:
    """What is decided at once takes no look each: the chain is there within a second or two, in order."""
    names = [f"C{number:02}" for number in range(50)]
    chain = [condition(name, YES, DependsOn=[names[number - 1]] if number else []) for number, name in enumerate(names)]
    execution = pipelines.run(defined(list(reversed(chain))))
    steps = pipelines.steps(execution)
    assert list(steps) == names
    latest = pipelines.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution, MaxResults=1)
    assert latest["PipelineExecutionSteps"][0]["StepName"] == "C49"
    assert len({step["StartTime"] for step in steps.values()}) == 1


def test_every_type_of_condition(pipelines: Pipelines) -> None:
    """ConditionTypeEnum of the SDKs; all conditions of a step must hold."""
    number = get("Parameters.N")
    true = {
        "Equals": compare("Equals", get("Parameters.S"), "a b"),
        "Greater": compare("GreaterThan", number, 4.5),
        "GreaterOrEqual": compare("GreaterThanOrEqualTo", number, 5),
        "Less": compare("LessThan", get("Parameters.F"), number),
        "LessOrEqual": compare("LessThanOrEqualTo", "a", get("Parameters.S")),
        "In": {"Type": "In", "QueryValue": number, "Values": [1, get("Parameters.N")]},
        "Not": {"Type": "Not", "Condition": compare("Equals", get("Parameters.B"), True)},
        "Or": {"Type": "Or", "Conditions": [NO, YES]},
        "Name": compare("Equals", get("Execution.PipelineName"), join("Probe", get("Parameters.Tail"), on="-")),
        "Outcome": compare("Equals", get("Steps.Equals.Outcome"), "True"),
    }
    given = [
        parameter("N", "Integer"),
        parameter("F", "Float", DefaultValue=0.5),
        parameter("B", "Boolean", DefaultValue=False),
        parameter("S", DefaultValue="a b"),
        parameter("Tail"),
    ]
    steps = [condition(name, YES, one) for name, one in true.items()]
    steps += [condition(f"{name}Not", {"Type": "Not", "Condition": one}) for name, one in true.items()]
    steps += [condition("Both", YES, NO), condition("Unlike", compare("GreaterThan", get("Parameters.S"), 1))]
    pipeline = pipelines.create(defined(steps[:-1], given))
    tail = {"N": "5", "Tail": pipeline.partition("-")[2]}
    execution = pipelines.start(pipeline, tail)
    pipelines.ended(execution)
    outcomes = {name: step["Metadata"]["Condition"]["Outcome"] for name, step in pipelines.steps(execution).items()}
    assert outcomes == {
        **dict.fromkeys(true, "True"),
        **{f"{name}Not": "False" for name in true},
        "Both": "False",
    }
    failed = pipelines.start(pipelines.create(defined(steps[-1:], given)), tail)
    assert pipelines.ended(failed)["PipelineExecutionStatus"] == "Failed"
    assert "cannot be compared by GreaterThan" in pipelines.steps(failed)["Unlike"]["FailureReason"]


def test_what_needs_a_branch_that_is_not_taken_does_not_run(pipelines: Pipelines) -> None:
    """As the SDK's own local mode does: the branch, and all that needs it; what depends on the condition runs."""
    text = defined(
        [
            condition("If", YES, then=[condition("Then", YES)], other=[condition("Else", YES)]),
            condition("AfterIf", YES, DependsOn=["If"]),
            condition("AfterThen", YES, DependsOn=["Then"]),
            condition("AfterElse", YES, DependsOn=["Else"]),
            condition("AfterAll", YES, DependsOn=["AfterElse", "AfterThen"]),
            condition("Nested", NO, then=[condition("Never", YES)], other=[condition("Inner", YES)]),
        ]
    )
    assert set(pipelines.steps(pipelines.run(text))) == {"If", "Then", "AfterIf", "AfterThen", "Nested", "Inner"}


def test_a_failed_step_and_the_retry_of_the_execution(pipelines: Pipelines) -> None:
    """What succeeded is kept, what failed is begun again under another name; one that succeeded is not retried."""
    code = """
import sys
sys.exit(0 if open('/opt/ml/processing/input/flag/flag').read() == 'good' else 3)
"""
    flag = pipelines.put(f"flags/{uuid.uuid4().hex}/flag", b"bad")
    second = pipelines.processing("Second", code, DependsOn=["First"])
    second["Arguments"]["ProcessingInputs"].append(
        {
            "InputName": "flag",
            "S3Input": {
                "S3Uri": flag,
                "LocalPath": "/opt/ml/processing/input/flag",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }
    )
    third = condition("Third", YES, DependsOn=["Second"])
    pipeline = pipelines.create(defined([pipelines.processing("First", "pass"), second, third]))
    execution = pipelines.start(pipeline)
    assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Failed"
    before = pipelines.steps(execution)
    assert {name: step["StepStatus"] for name, step in before.items()} == {"First": "Succeeded", "Second": "Failed"}
    assert "exit code 3" in before["Second"]["FailureReason"]
    pipelines.s3.put_object(Bucket=pipelines.bucket, Key=flag.split("/", 3)[3], Body=b"good")
    again = pipelines.sagemaker.retry_pipeline_execution(PipelineExecutionArn=execution)
    assert again == {**again, "PipelineExecutionArn": execution}
    assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Succeeded"
    after = pipelines.steps(execution)
    assert after["First"] == before["First"] and after["Second"]["AttemptCount"] == 2
    assert after["Second"]["Metadata"] != before["Second"]["Metadata"] and "FailureReason" not in after["Second"]
    retry = pipelines.sagemaker.retry_pipeline_execution
    assert "is Succeeded" in refused("ConflictException", call=retry, PipelineExecutionArn=execution)


def test_stop(pipelines: Pipelines) -> None:
    """Jobs are stopped, nothing more begins; a stopped execution can be retried, one that has ended not stopped."""
    wait = "import time; time.sleep(600)"
    pipeline = pipelines.create(
        defined([pipelines.processing("Wait", wait), condition("Next", YES, DependsOn=["Wait"])])
    )
    execution = pipelines.start(pipeline)
    eventually(lambda: pipelines.statuses(execution).get("Wait") == "Executing")
    delete = pipelines.sagemaker.delete_pipeline
    assert "executions that run" in refused("ConflictException", call=delete, PipelineName=pipeline)
    stop = pipelines.sagemaker.stop_pipeline_execution
    stop(PipelineExecutionArn=execution)
    assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Stopped"
    assert pipelines.statuses(execution) == {"Wait": "Stopped"}
    job = pipelines.steps(execution)["Wait"]["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[1]
    described = pipelines.sagemaker.describe_processing_job(ProcessingJobName=job)
    assert described["ProcessingJobStatus"] == "Stopped"
    refused("ConflictException", call=stop, PipelineExecutionArn=execution)


def test_a_job_that_is_stopped_or_deleted_under_its_step(pipelines: Pipelines) -> None:
    """A step whose job somebody stopped has failed, and says so."""
    execution = pipelines.start(
        pipelines.create(defined([pipelines.processing("Wait", "import time; time.sleep(600)")]))
    )
    eventually(lambda: pipelines.statuses(execution).get("Wait") == "Executing")
    job = pipelines.steps(execution)["Wait"]["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[1]
    pipelines.sagemaker.stop_processing_job(ProcessingJobName=job)
    assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Failed"
    assert pipelines.steps(execution)["Wait"]["FailureReason"] == f"ClientError: ProcessingJob {job} is Stopped."


def test_a_step_is_tried_again_as_its_policies_say(pipelines: Pipelines) -> None:
    """The guide, "Retry Policy for Pipeline Steps": by what went wrong, so often, so long after. A program says itself
    whose fault it was (/opt/ml/output/failure)."""
    until = time.time() + 4
    broken = f"import sys, time\nif time.time() > {until}: sys.exit()\n"
    broken += "open('/opt/ml/output/failure', 'w').write('InternalServerError: no disk'); sys.exit(1)"
    internal = {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 1, "BackoffRate": 1.0}
    never = broken.replace(str(until), str(until + 3600))
    other = {"ExceptionType": ["SageMaker.CAPACITY_ERROR"], "MaxAttempts": 5}
    steps = [
        pipelines.training("Well", broken, RetryPolicies=[{**internal, "MaxAttempts": 20}]),
        pipelines.training("Twice", never, RetryPolicies=[other, {**internal, "MaxAttempts": 1}], DependsOn=["Well"]),
    ]
    execution = pipelines.start(pipelines.create(defined(steps)))
    assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Failed"
    well, twice = pipelines.steps(execution).values()
    assert well["StepStatus"] == "Succeeded" and well["AttemptCount"] > 1 and "FailureReason" not in well
    assert (twice["StepStatus"], twice["AttemptCount"]) == ("Failed", 2)
    assert twice["FailureReason"].startswith("InternalServerError: no disk")
    once = pipelines.start(pipelines.create(defined([pipelines.training("Once", never, RetryPolicies=[other])])))
    assert pipelines.ended(once)["PipelineExecutionStatus"] == "Failed"
    assert pipelines.steps(once)["Once"]["AttemptCount"] == 1


def test_as_many_at_once_as_allowed(pipelines: Pipelines) -> None:
    """MaxParallelExecutionSteps of the pipeline, or of the execution; it can be changed while it runs."""
    mark = "import time; print(time.time()); time.sleep(0.5)"
    text = defined([pipelines.processing(f"P{number}", mark) for number in range(3)])
    pipeline = pipelines.create(text, ParallelismConfiguration={"MaxParallelExecutionSteps": 1})
    execution = pipelines.start(pipeline)
    assert pipelines.describe(execution)["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 1}
    pipelines.ended(execution)
    jobs = [
        pipelines.sagemaker.describe_processing_job(
            ProcessingJobName=step["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[1]
        )
        for step in pipelines.steps(execution).values()
    ]
    for before, after in itertools.pairwise(jobs):
        assert before["ProcessingEndTime"] <= after["CreationTime"]
    pipelines.sagemaker.update_pipeline_execution(
        PipelineExecutionArn=execution,
        PipelineExecutionDescription="one by one",
        ParallelismConfiguration={"MaxParallelExecutionSteps": 2},
    )
    described = pipelines.describe(execution)
    assert described["PipelineExecutionDescription"] == "one by one"
    assert described["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 2}


def test_a_result_is_reused(pipelines: Pipelines) -> None:
    """The guide, "Caching Pipeline Steps": the same attributes, the same pipeline, the last success, in time. A change
    of an attribute that is no key (Description) changes nothing; one that is (Environment) does."""
    kept = {"Enabled": True, "ExpireAfter": "30dT5h"}
    step = pipelines.processing("Step", "pass", environment={"A": get("Parameters.A")}, CacheConfig=kept)
    pipeline = pipelines.create(defined([step], [parameter("A", DefaultValue="1")]))

    def ran(value: str) -> dict[str, Any]:
        execution = pipelines.start(pipeline, {"A": value})
        assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Succeeded"
        return {**pipelines.steps(execution)["Step"], "execution": execution}

    first, second, third = ran("1"), ran("1"), ran("2")
    assert "CacheHitResult" not in first and "CacheHitResult" not in third
    assert second["CacheHitResult"] == {"SourcePipelineExecutionArn": first["execution"]}
    assert second["Metadata"] == first["Metadata"] != third["Metadata"]
    pipelines.sagemaker.update_pipeline(
        PipelineName=pipeline, PipelineDefinition=defined([{**step, "Description": "x"}], [parameter("A")])
    )
    assert ran("1")["Metadata"] == first["Metadata"]
    kept["ExpireAfter"] = "T0m"
    pipelines.sagemaker.update_pipeline(PipelineName=pipeline, PipelineDefinition=defined([step], [parameter("A")]))
    assert ran("1")["Metadata"] != first["Metadata"]


def test_some_steps_run_selectively(pipelines: Pipelines) -> None:
    """The guide, "Selective execution of pipeline steps": what they need comes from a reference execution."""
    first = pipelines.processing("First", "open('/opt/ml/processing/output/o', 'w').write('1')", out="o")
    uri = get("Steps.First.ProcessingOutputConfig.Outputs['o'].S3Output.S3Uri")
    second = pipelines.processing("Second", "pass", environment={"FROM": uri})
    text = defined([first, second, condition("Third", YES, DependsOn=["Second"])])
    pipeline = pipelines.create(text)
    source = pipelines.start(pipeline)
    pipelines.ended(source)
    config = {"SourcePipelineExecutionArn": source, "SelectedSteps": [{"StepName": "Second"}]}
    execution = pipelines.start(pipeline, SelectiveExecutionConfig=config)
    assert pipelines.ended(execution)["SelectiveExecutionConfig"] == config
    steps, before = pipelines.steps(execution), pipelines.steps(source)
    assert list(steps) == ["First", "Second"]
    assert steps["First"]["SelectiveExecutionResult"] == {"SourcePipelineExecutionArn": source}
    assert steps["First"]["Metadata"] == before["First"]["Metadata"]
    assert steps["Second"]["Metadata"] != before["Second"]["Metadata"]
    start = pipelines.sagemaker.start_pipeline_execution
    for selected, arn, why in (
        (["First", "Third"], source, "all steps on all paths"),
        (["Second"], None, "SourcePipelineExecutionArn"),
        (["Nowhere"], source, "no step Nowhere"),
        (["Second"], source[:-1], "is no execution of"),
    ):
        asked: dict[str, Any] = {"SelectedSteps": [{"StepName": name} for name in selected]}
        if arn:
            asked["SourcePipelineExecutionArn"] = arn
        said = refused("ValidationException", call=start, PipelineName=pipeline, SelectiveExecutionConfig=asked)
        assert why in said, said


def test_an_endpoint_is_created_then_updated(pipelines: Pipelines) -> None:
    """EndpointConfigStep and EndpointStep of the SDK: create or update follows from whether the endpoint exists."""
    endpoint = f"endpoint-{uuid.uuid4().hex[:8]}"
    model = {
        "Name": "Model",
        "Type": "Model",
        "Arguments": {"ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": ECHO}},
    }
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": get("Steps.Model.ModelName"),
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
    }
    config = {"Name": "Config", "Type": "EndpointConfig", "Arguments": {"ProductionVariants": [variant]}}
    deploy = {
        "Name": "Deploy",
        "Type": "Endpoint",
        "Arguments": {"EndpointName": endpoint, "EndpointConfigName": get("Steps.Config.EndpointConfigName")},
    }
    pipeline = pipelines.create(defined([deploy, config, model]))
    for _ in range(2):
        execution = pipelines.start(pipeline)
        assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Succeeded", pipelines.steps(execution)
        steps = pipelines.steps(execution)
        assert steps["Deploy"]["Metadata"]["Endpoint"]["Arn"].endswith(f":endpoint/{endpoint}")
        described = pipelines.sagemaker.describe_endpoint(EndpointName=endpoint)
        assert described["EndpointStatus"] == "InService"
        made = steps["Config"]["Metadata"]["EndpointConfig"]["Arn"].rsplit("/", 1)[1]
        assert described["EndpointConfigName"] == made
    pipelines.sagemaker.delete_endpoint(EndpointName=endpoint)


def test_versions(pipelines: Pipelines) -> None:
    """Each definition is a version; executions name theirs."""
    sagemaker = pipelines.sagemaker
    pipeline = pipelines.create(defined([condition("A", YES)]))
    updated = sagemaker.update_pipeline(PipelineName=pipeline, PipelineDefinition=defined([condition("B", YES)]))
    assert updated["PipelineVersionId"] == 2
    assert sagemaker.update_pipeline(PipelineName=pipeline, PipelineDescription="x")["PipelineVersionId"] == 2
    named = sagemaker.update_pipeline_version(
        PipelineArn=updated["PipelineArn"], PipelineVersionId=1, PipelineVersionDisplayName="old"
    )
    assert named["PipelineVersionId"] == 1
    old = sagemaker.describe_pipeline(PipelineName=updated["PipelineArn"], PipelineVersionId=1)
    assert json.loads(old["PipelineDefinition"])["Steps"][0]["Name"] == "A"
    assert old["PipelineVersionDisplayName"] == "old" and old["PipelineDescription"] == "x"
    new = sagemaker.describe_pipeline(PipelineName=pipeline)
    assert json.loads(new["PipelineDefinition"])["Steps"][0]["Name"] == "B"
    assert new["PipelineStatus"] == "Active" and new["PipelineName"] == pipeline == new["PipelineDisplayName"]
    execution = pipelines.start(pipeline, PipelineVersionId=1)
    pipelines.ended(execution)
    assert list(pipelines.steps(execution)) == ["A"]
    listed = sagemaker.get_paginator("list_pipeline_versions").paginate(
        PipelineName=pipeline, PaginationConfig={"PageSize": 1}
    )
    versions = [one for page in listed for one in page["PipelineVersionSummaries"]]
    assert [one["PipelineVersionId"] for one in versions] == [2, 1]
    assert versions[1]["LastExecutionPipelineExecutionArn"] == execution
    refused("ResourceNotFound", call=sagemaker.describe_pipeline, PipelineName=pipeline, PipelineVersionId=3)


def test_create_list_delete(pipelines: Pipelines) -> None:
    """A name is taken once: clients that create or else update look for "already exists"; a token is used once."""
    sagemaker = pipelines.sagemaker
    text, token = defined([condition("A", YES)]), uuid.uuid4().hex
    pipeline = pipelines.create(text, ClientRequestToken=token)
    arn = sagemaker.describe_pipeline(PipelineName=pipeline)["PipelineArn"]
    request = {"PipelineName": pipeline, "PipelineDefinition": text, "RoleArn": ROLE}
    assert sagemaker.create_pipeline(**request, ClientRequestToken=token)["PipelineArn"] == arn
    assert "already exists" in refused("ValidationException", call=sagemaker.create_pipeline, **request)
    once = uuid.uuid4().hex
    executions = {pipelines.start(pipeline, ClientRequestToken=once) for _ in range(2)} | {pipelines.start(arn)}
    assert len(executions) == 2
    for execution in executions:
        pipelines.ended(execution)
    listed = sagemaker.get_paginator("list_pipeline_executions").paginate(
        PipelineName=pipeline, PaginationConfig={"PageSize": 1}
    )
    shown = [one for page in listed for one in page["PipelineExecutionSummaries"]]
    assert {one["PipelineExecutionArn"] for one in shown} == executions
    assert {one["PipelineExecutionStatus"] for one in shown} == {"Succeeded"}
    pages = sagemaker.get_paginator("list_pipelines").paginate(
        PipelineNamePrefix=pipeline[:8], PaginationConfig={"PageSize": 1}
    )
    summaries = {one["PipelineName"]: one for page in pages for one in page["PipelineSummaries"]}
    assert summaries[pipeline]["LastExecutionTime"] >= summaries[pipeline]["CreationTime"]
    assert sagemaker.delete_pipeline(PipelineName=pipeline)["PipelineArn"] == arn
    refused("ResourceNotFound", call=sagemaker.describe_pipeline, PipelineName=pipeline)
    refused("ResourceNotFound", call=sagemaker.describe_pipeline_execution, PipelineExecutionArn=next(iter(executions)))
    refused("ResourceNotFound", call=sagemaker.start_pipeline_execution, PipelineName=pipeline)


def test_parameters_are_checked(pipelines: Pipelines) -> None:
    given = [parameter("N", "Integer"), parameter("E", DefaultValue="a", EnumValues=["a", "b"])]
    pipeline = pipelines.create(defined([condition("A", YES)], given))
    start = pipelines.sagemaker.start_pipeline_execution
    for values, why in (
        ({}, "N has no default value"),
        ({"N": "x"}, "'N' is of type Integer, and 'x' is none"),
        ({"N": "1", "E": "c"}, "'E' must be one of a, b"),
        ({"N": "1", "X": "1"}, "Unknown parameter: X"),
    ):
        asked = [{"Name": name, "Value": value} for name, value in values.items()]
        said = refused("ValidationException", call=start, PipelineName=pipeline, PipelineParameters=asked)
        assert why in said, said


def test_a_definition_from_s3(pipelines: Pipelines) -> None:
    """It is read as the caller."""
    text = defined([condition("A", YES)])
    pipelines.put("definition.json", text.encode())
    where = {"Bucket": pipelines.bucket, "ObjectKey": "definition.json"}
    name = f"Probe-{uuid.uuid4().hex[:8]}"
    create = pipelines.sagemaker.create_pipeline
    create(PipelineName=name, PipelineDefinitionS3Location=where, RoleArn=ROLE)
    assert pipelines.sagemaker.describe_pipeline(PipelineName=name)["PipelineDefinition"] == text
    missing = {"PipelineName": f"{name}-2", "RoleArn": ROLE}
    said = refused(
        "ValidationException", call=create, **missing, PipelineDefinitionS3Location={**where, "ObjectKey": "none"}
    )
    assert "NoSuchKey" in said
    refused("ValidationException", call=create, **missing)
    iam = pipelines.server.client("iam")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    allow = {"Effect": "Allow", "Action": ["sagemaker:CreatePipeline", "iam:PassRole"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy)
    theirs = pipelines.server.client("sagemaker", (key["AccessKeyId"], key["SecretAccessKey"], None))
    said = refused("ValidationException", call=theirs.create_pipeline, **missing, PipelineDefinitionS3Location=where)
    assert f"Cannot read s3://{pipelines.bucket}/definition.json as arn:aws:iam::123456789012:user/{name}" in said
    assert "s3:GetObject" in said


def test_an_execution_may_what_its_role_may(pipelines: Pipelines) -> None:
    """Whoever starts it may do everything, the role nothing: neither make a job nor read a file."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    iam = pipelines.server.client("iam")
    role = iam.create_role(RoleName=f"r-{uuid.uuid4().hex[:8]}", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    uri = pipelines.put("secret.json", b'{"a": 1}')
    read = condition("Read", compare("Equals", {"Std:JsonGet": {"S3Uri": uri, "Path": "a"}}, 1))
    for step, what in ((pipelines.processing("Make", "pass"), "sagemaker:CreateProcessingJob"), (read, "s3:GetObject")):
        execution = pipelines.start(pipelines.create(defined([step])), RoleArn=role["Arn"])
        assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Failed"
        (failed,) = pipelines.steps(execution).values()
        assert what in failed["FailureReason"] and role["RoleName"] in failed["FailureReason"], failed


def test_refused_definitions(pipelines: Pipelines) -> None:
    """What is said of one reaches the client; tests/unit has the table of them."""
    create = pipelines.sagemaker.create_pipeline
    many = defined([condition(f"C{number}", YES) for number in range(51)])
    for text, code, why in (
        ("{", "ValidationException", "Unable to parse pipeline definition. It is not JSON"),
        (defined([{"Name": "L", "Type": "Lambda", "Arguments": {}}]), "ValidationException", "has no Lambda yet"),
        (many, "ResourceLimitExceeded", "is 50 Steps"),
    ):
        said = refused(code, call=create, PipelineName="Never", PipelineDefinition=text, RoleArn=ROLE)
        assert why in said, said


def test_jobs_are_components_of_the_trial_of_their_execution(pipelines: Pipelines) -> None:
    """The guide, "Amazon SageMaker Experiments Integration": the trial's name is the execution's id by default."""
    steps = [pipelines.processing("Prepare", "", DependsOn=[]), pipelines.training("Train", "", DependsOn=["Prepare"])]
    experiment = {"ExperimentName": get("Execution.PipelineName")}
    execution = pipelines.run(defined(steps, PipelineExperimentConfig=experiment))
    name, trial = execution.split("/")[1], execution.rpartition("/")[2]
    shown = pipelines.describe(execution)["PipelineExperimentConfig"]
    assert (shown["ExperimentName"].lower(), shown["TrialName"]) == (name, trial)
    found = pipelines.sagemaker.list_trial_components(TrialName=trial)["TrialComponentSummaries"]
    sources = {one["TrialComponentSource"]["SourceArn"] for one in found}
    made = [next(iter(step["Metadata"].values()))["Arn"] for step in pipelines.steps(execution).values()]
    assert sources == set(made)
    assert {one["Status"]["PrimaryStatus"] for one in found} == {"Completed"}
