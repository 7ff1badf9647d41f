"""Who will leave? The whole loop as a pipeline, from the data to an endpoint. SDK v2.

salvia exec python examples/loop_v2.py
"""

from pathlib import Path

import numpy as np
from sagemaker import ModelPackage, Session
from sagemaker.deserializers import JSONDeserializer
from sagemaker.inputs import TrainingInput
from sagemaker.model_metrics import MetricsSource, ModelMetrics
from sagemaker.predictor import Predictor
from sagemaker.processing import ProcessingInput, ProcessingOutput
from sagemaker.serializers import CSVSerializer
from sagemaker.session_settings import SessionSettings
from sagemaker.sklearn import SKLearn, SKLearnModel
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionGreaterThanOrEqualTo
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join, JsonGet
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.properties import PropertyFile
from sagemaker.workflow.steps import CacheConfig, ProcessingStep, TrainingStep

import loop_data

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
SOURCE = Path(__file__).parent / "loop"
WORK = "/opt/ml/processing"
NAME = "churn-loop-v2"


known, unseen = loop_data.customers()
session = PipelineSession(settings=SessionSettings(encrypt_repacked_artifacts=False))  # Salvia has no KMS yet
machine = {"role": ROLE, "instance_type": "ml.m5.large", "instance_count": 1, "sagemaker_session": session}
cached = CacheConfig(enable_caching=True, expire_after="P1D")

table = ParameterString(
    "Customers",
    default_value=session.upload_string_as_file_body(
        known.to_csv(index=False), session.default_bucket(), f"{NAME}/input/customers.csv"
    ),
)
rounds = ParameterInteger("Rounds", default_value=100)
enough = ParameterFloat("Enough", default_value=0.7)

processor = SKLearnProcessor("1.2-1", **machine)
split = ProcessingStep(
    "Split",
    step_args=processor.run(
        code=str(SOURCE / "split.py"),
        inputs=[ProcessingInput(table, f"{WORK}/input/customers")],
        outputs=[ProcessingOutput(f"{WORK}/{part}", output_name=part) for part in ("train", "validation")],
    ),
    cache_config=cached,
)
parts = split.properties.ProcessingOutputConfig.Outputs

estimator = SKLearn(
    "train.py", framework_version="1.2-1", source_dir=str(SOURCE), hyperparameters={"rounds": rounds}, **machine
)
train = TrainingStep(
    "Train", step_args=estimator.fit({"train": TrainingInput(parts["train"].S3Output.S3Uri)}), cache_config=cached
)
artefact = train.properties.ModelArtifacts.S3ModelArtifacts

report = PropertyFile("Report", output_name="report", path="report.json")
evaluate = ProcessingStep(
    "Evaluate",
    step_args=processor.run(
        code=str(SOURCE / "evaluate.py"),
        inputs=[
            ProcessingInput(artefact, f"{WORK}/input/model"),
            ProcessingInput(parts["validation"].S3Output.S3Uri, f"{WORK}/input/validation"),
        ],
        outputs=[ProcessingOutput(f"{WORK}/report", output_name="report")],
    ),
    property_files=[report],
)
measured = Join("/", [evaluate.properties.ProcessingOutputConfig.Outputs["report"].S3Output.S3Uri, "report.json"])

model = SKLearnModel(artefact, ROLE, "train.py", "1.2-1", source_dir=str(SOURCE), sagemaker_session=session)
register = ModelStep(  # a job packs the script into the model's archive, then the package is made
    "Register",
    step_args=model.register(
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
        ConditionGreaterThanOrEqualTo(JsonGet(evaluate.name, report, "binary_classification_metrics.f1.value"), enough)
    ],
    if_steps=[register],
    else_steps=[FailStep("TooBad", error_message=Join(" ", ["F1 is below", enough]))],
)
pipeline = Pipeline(
    NAME, parameters=[table, rounds, enough], steps=[split, train, evaluate, decide], sagemaker_session=session
)
pipeline.upsert(role_arn=ROLE)
execution = pipeline.start(parameters={"Rounds": 200})
execution.wait(delay=2, max_attempts=300)
for step in reversed(execution.list_steps()):
    print(f"{step['StepName']}: {step['StepStatus']}")
package = next(
    step["Metadata"]["RegisterModel"]["Arn"]
    for step in execution.list_steps()
    if "RegisterModel" in step.get("Metadata", {})
)

client = session.sagemaker_client
client.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved", ApprovalDescription="It will do")
approved = ModelPackage(ROLE, model_package_arn=package, sagemaker_session=Session())
approved.deploy(1, "ml.m5.large", endpoint_name=execution.arn.rpartition("/")[2])
predictor = Predictor(approved.endpoint_name, serializer=CSVSerializer(), deserializer=JSONDeserializer())
scores = np.array(predictor.predict(unseen.iloc[:, 1:].to_numpy()))

predictor.delete_endpoint()
approved.delete_model()
client.delete_model_package(ModelPackageName=package)
client.delete_model_package_group(ModelPackageGroupName=NAME)
pipeline.delete()

loop_data.judge(scores, unseen)
