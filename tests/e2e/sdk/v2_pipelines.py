"""What a user of the SDK's version 2 does with pipelines, unmodified: `python v2_pipelines.py CSV`.

Prints one line of JSON.
"""

import json
import sys
from pathlib import Path

from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.model import Model
from sagemaker.model_metrics import MetricsSource, ModelMetrics
from sagemaker.processing import ProcessingInput, ProcessingOutput, ScriptProcessor
from sagemaker.session_settings import SessionSettings
from sagemaker.transformer import Transformer
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionLessThanOrEqualTo
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join, JsonGet
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.properties import PropertyFile
from sagemaker.workflow.retry import SageMakerJobExceptionTypeEnum, SageMakerJobStepRetryPolicy
from sagemaker.workflow.steps import CacheConfig, ProcessingStep, TrainingStep, TransformStep

SOURCE = Path(__file__).parent / "pipeline_source"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
WORK = "/opt/ml/processing"

# Without it, code is uploaded with encryption by KMS, which Salvia refuses.
session = PipelineSession(settings=SessionSettings(encrypt_repacked_artifacts=False))
role = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
machine = {"role": role, "instance_count": 1, "instance_type": "ml.m5.large", "sagemaker_session": session}
rounds = ParameterInteger("Rounds", default_value=20)
threshold = ParameterFloat("Threshold", default_value=100.0)
approval = ParameterString("Approval", default_value="Approved", enum_values=["Approved", "Rejected"])
table = session.upload_data(sys.argv[1], key_prefix="pipelines/table")

processor = ScriptProcessor(image_uri=IMAGE, command=["python3"], **machine)
split = ProcessingStep(
    "Split",
    step_args=processor.run(
        code=str(SOURCE / "split.py"),
        inputs=[ProcessingInput(source=table, destination=f"{WORK}/input/table")],
        outputs=[ProcessingOutput(output_name=name, source=f"{WORK}/{name}") for name in ("train", "test")],
    ),
)
parts = split.properties.ProcessingOutputConfig.Outputs
estimator = Estimator(image_uri=IMAGE, **machine)
estimator.set_hyperparameters(num_round=rounds, objective="reg:squarederror")
train = TrainingStep(
    "Train",
    step_args=estimator.fit({"train": TrainingInput(parts["train"].S3Output.S3Uri, content_type="text/csv")}),
    cache_config=CacheConfig(enable_caching=True, expire_after="PT1H"),
    retry_policies=[
        SageMakerJobStepRetryPolicy(failure_reason_types=[SageMakerJobExceptionTypeEnum.INTERNAL_ERROR], max_attempts=2)
    ],
)
artefact = train.properties.ModelArtifacts.S3ModelArtifacts
report = PropertyFile("Report", output_name="report", path="report.json")
evaluate = ProcessingStep(
    "Evaluate",
    step_args=processor.run(
        code=str(SOURCE / "evaluate.py"),
        inputs=[
            ProcessingInput(source=artefact, destination=f"{WORK}/input/model"),
            ProcessingInput(source=parts["test"].S3Output.S3Uri, destination=f"{WORK}/input/test"),
        ],
        outputs=[ProcessingOutput(output_name="report", source=f"{WORK}/report")],
    ),
    property_files=[report],
)
statistics = Join(
    on="/", values=[evaluate.properties.ProcessingOutputConfig.Outputs["report"].S3Output.S3Uri, "report.json"]
)
model = Model(image_uri=IMAGE, model_data=artefact, role=role, sagemaker_session=session)
register = ModelStep(
    "Register",
    step_args=model.register(
        content_types=["text/csv"],
        response_types=["text/csv"],
        inference_instances=["ml.m5.large"],
        transform_instances=["ml.m5.large"],
        model_package_group_name="diabetes",
        approval_status=approval,
        model_metrics=ModelMetrics(model_statistics=MetricsSource("application/json", statistics)),
    ),
)
create = ModelStep("Create", step_args=model.create(instance_type="ml.m5.large"))
transformer = Transformer(
    model_name=create.properties.ModelName,
    instance_count=1,
    instance_type="ml.m5.large",
    sagemaker_session=session,
    output_path=f"s3://{session.default_bucket()}/pipelines/transformed",
)
transform = TransformStep(
    "Transform",
    step_args=transformer.transform(
        parts["test"].S3Output.S3Uri, content_type="text/csv", split_type="Line", input_filter="$[1:]"
    ),
)
decide = ConditionStep(
    "Decide",
    conditions=[ConditionLessThanOrEqualTo(JsonGet(evaluate.name, report, "metrics.rmse.value"), threshold)],
    if_steps=[register, create, transform],
    else_steps=[FailStep("TooBad", error_message=Join(on=" ", values=["RMSE is above", threshold]))],
)
pipeline = Pipeline("diabetes", parameters=[rounds, threshold, approval], steps=[split, train, evaluate, decide])
for _ in range(2):  # made, then changed
    pipeline.upsert(role_arn=role, description="The loop")


def run(**parameters):
    execution = pipeline.start(parameters=parameters)
    try:
        execution.wait(delay=1, max_attempts=300)
    except Exception as error:
        print(error)
    return execution


execution, bad = run(Rounds=10), run(Threshold=0.5)
client = session.sagemaker_client
package = client.list_model_packages(ModelPackageGroupName="diabetes")["ModelPackageSummaryList"][0]
print(
    json.dumps(
        {
            "status": execution.describe()["PipelineExecutionStatus"],
            "steps": {step["StepName"]: step["StepStatus"] for step in execution.list_steps()},
            "why": [step.get("FailureReason") for step in execution.list_steps()],
            "approval": package["ModelApprovalStatus"],
            "experiment": execution.describe()["PipelineExperimentConfig"]["ExperimentName"],
            "version": pipeline.latest_pipeline_version_id,
            "bad": {step["StepName"]: step.get("FailureReason", step["StepStatus"]) for step in bad.list_steps()},
        }
    )
)
