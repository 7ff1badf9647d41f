"""Who will leave? The whole loop as a pipeline, from the data to an endpoint. SDK v3.

salvia exec python examples/loop_v3.py
"""

import json
from pathlib import Path

import numpy as np
from sagemaker.core import image_uris
from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.session_settings import SessionSettings
from sagemaker.core.shapes import (
    ContainerDefinition,
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
    ProductionVariant,
)
from sagemaker.core.workflow.conditions import ConditionGreaterThanOrEqualTo
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep, TrainingStep
from sagemaker.serve import ModelBuilder
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, SourceCode

import loop_data

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
SOURCE = Path(__file__).parent / "loop"
WORK = "/opt/ml/processing"
NAME = "churn-loop-v3"


def given(uri, folder):
    """What is to be in a folder of a processing job."""
    at = ProcessingS3Input(
        s3_uri=uri, local_path=f"{WORK}/input/{folder}", s3_data_type="S3Prefix", s3_input_mode="File"
    )
    return ProcessingInput(input_name=folder, s3_input=at)


def made(folder):
    """What a processing job leaves in a folder, in S3: where, depends on the execution."""
    uri = Join("/", [f"s3://{session.default_bucket()}", NAME, ExecutionVariables.PIPELINE_EXECUTION_ID, folder])
    at = ProcessingS3Output(s3_uri=uri, local_path=f"{WORK}/{folder}", s3_upload_mode="EndOfJob")
    return ProcessingOutput(output_name=folder, s3_output=at)


known, unseen = loop_data.customers()
session = PipelineSession(settings=SessionSettings(encrypt_repacked_artifacts=False))  # Salvia has no KMS yet
image = image_uris.retrieve("sklearn", session.boto_region_name, "1.4-2", image_scope="training")
source = SourceCode(source_dir=str(SOURCE), entry_script="train.py")
small = Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=1)
cached = CacheConfig(enable_caching=True, expire_after="P1D")

table = ParameterString(
    "Customers",
    default_value=session.upload_string_as_file_body(
        known.to_csv(index=False), session.default_bucket(), f"{NAME}/input/customers.csv"
    ),
)
rounds = ParameterInteger("Rounds", default_value=100)
enough = ParameterFloat("Enough", default_value=0.7)

processor = ScriptProcessor(
    image_uri=image,
    command=["python3"],
    role=ROLE,
    instance_type="ml.m5.large",
    instance_count=1,
    sagemaker_session=session,
)
split = ProcessingStep(
    "Split",
    step_args=processor.run(
        code=str(SOURCE / "split.py"), inputs=[given(table, "customers")], outputs=[made("train"), made("validation")]
    ),
    cache_config=cached,
)
parts = split.properties.ProcessingOutputConfig.Outputs

trainer = ModelTrainer(
    training_image=image,
    role=ROLE,
    sagemaker_session=session,
    source_code=source,
    compute=small,
    hyperparameters={"rounds": rounds},
)
rows = InputData(channel_name="train", data_source=parts["train"].S3Output.S3Uri)
train = TrainingStep("Train", step_args=trainer.train(input_data_config=[rows]), cache_config=cached)
artefact = train.properties.ModelArtifacts.S3ModelArtifacts

report = PropertyFile("Report", output_name="report", path="report.json")
evaluate = ProcessingStep(
    "Evaluate",
    step_args=processor.run(
        code=str(SOURCE / "evaluate.py"),
        inputs=[given(artefact, "model"), given(parts["validation"].S3Output.S3Uri, "validation")],
        outputs=[made("report")],
    ),
    property_files=[report],
)
measured = Join("/", [evaluate.properties.ProcessingOutputConfig.Outputs["report"].S3Output.S3Uri, "report.json"])

builder = ModelBuilder(
    image_uri=image,
    role_arn=ROLE,
    sagemaker_session=session,
    compute=small,
    s3_model_data_url=artefact,
    source_code=source,
)
register = ModelStep(
    "Register",
    step_args=builder.register(
        content_types=["text/csv"],
        response_types=["application/json"],
        inference_instances=["ml.m5.large"],
        transform_instances=["ml.m5.large"],
        model_package_group_name=NAME,
        approval_status="PendingManualApproval",
        model_metrics=ModelMetrics(model_statistics=MetricsSource("application/json", measured)),
    ),
)
decide = ConditionStep(
    "GoodEnough",
    conditions=[
        ConditionGreaterThanOrEqualTo(
            left=JsonGet(
                step_name=evaluate.name, property_file=report, json_path="binary_classification_metrics.f1.value"
            ),
            right=enough,
        )
    ],
    if_steps=[register],
    else_steps=[FailStep("TooBad", error_message=Join(" ", ["F1 is below", enough]))],
)
pipeline = Pipeline(
    name=NAME, parameters=[table, rounds, enough], steps=[split, train, evaluate, decide], sagemaker_session=session
)
pipeline.upsert(role_arn=ROLE)
execution = pipeline.start(parameters={"Rounds": 200})
execution.wait(delay=2, max_attempts=300)
for step in reversed(execution.list_steps()):
    print(f"{step['StepName']}: {step['StepStatus']}")
(arn,) = (
    step["Metadata"]["RegisterModel"]["Arn"]
    for step in execution.list_steps()
    if "RegisterModel" in step.get("Metadata", {})
)

client = session.sagemaker_client
client.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="It will do")
name = execution.arn.rpartition("/")[2]
model = Model.create(
    model_name=name, primary_container=ContainerDefinition(model_package_name=arn), execution_role_arn=ROLE
)
variant = ProductionVariant(
    variant_name="AllTraffic", model_name=name, instance_type="ml.m5.large", initial_instance_count=1
)
config = EndpointConfig.create(endpoint_config_name=name, production_variants=[variant])
endpoint = Endpoint.create(endpoint_name=name, endpoint_config_name=name)
endpoint.wait_for_status("InService", poll=2)
rows = unseen.iloc[:, 1:].to_csv(index=False, header=False)
answer = endpoint.invoke(body=rows, content_type="text/csv", accept="application/json")
scores = np.array(json.loads(answer.body.read()))

for resource in (endpoint, config, model):
    resource.delete()
client.delete_model_package(ModelPackageName=arn)
client.delete_model_package_group(ModelPackageGroupName=NAME)
pipeline.delete()

loop_data.judge(scores, unseen)
