"""The types of steps: what each calls, and which a later version of Salvia will have.

Sources: the guide, "Pipelines steps", "Default cache key attributes by pipeline step type"; StepTypeEnum of the SDKs;
API_PipelineExecutionStepMetadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from salvia.protocol import models

JOB = {"Completed": "Succeeded", "Failed": "Failed", "Stopped": "Stopped"}
CALLBACK = "Callback"  # makes nothing of its own: a message is sent, and its answer waited for
READY = {
    "InService": "Succeeded",
    **dict.fromkeys(("Failed", "OutOfService", "UpdateRollbackFailed"), "Failed"),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of steps that make something by a call of the API.

    `noun` is what they make; `named` whether the definition says its whole name. `states` are what its end means for
    the step; without, the step has succeeded once it is made. `caches` are the arguments that make two runs alike.
    `member` is how the metadata of a step calls it. Executions are woken by what has `wakes`; the rest is looked at.
    """

    noun: str
    states: Mapping[str, str] | None = None
    caches: tuple[str, ...] = ()
    member: str = ""
    named: bool = False
    retries: bool = True
    wakes: bool = True

    @property
    def key(self) -> str:
        """The argument that names it."""
        return f"{self.noun}Name"

    @property
    def kind(self) -> str:
        """The `kind` of its document."""
        return f"sagemaker:{self.noun}"

    @property
    def create(self) -> str:
        """The operation that its arguments are for."""
        return f"Create{self.noun}"

    @property
    def properties(self) -> object:
        """The shape of what other steps can refer to: the answer of its Describe operation."""
        return models.operation("sagemaker", f"Describe{self.noun}").output_shape


KINDS: dict[str, Kind] = {
    "Processing": Kind(
        "ProcessingJob", JOB, ("AppSpecification", "Environment", "ProcessingInputs"), member="ProcessingJob"
    ),
    "Training": Kind(
        "TrainingJob",
        JOB,
        (
            "AlgorithmSpecification",
            "CheckpointConfig",
            "DebugHookConfig",
            "DebugRuleConfigurations",
            "Environment",
            "HyperParameters",
            "InputDataConfig",
        ),
        member="TrainingJob",
    ),
    "Transform": Kind(
        "TransformJob", JOB, ("DataProcessing", "Environment", "ModelName", "TransformInput"), member="TransformJob"
    ),
    "Model": Kind("Model", member="Model"),
    "RegisterModel": Kind("ModelPackage", member="RegisterModel"),
    "EndpointConfig": Kind("EndpointConfig", member="EndpointConfig", named=True),
    "Endpoint": Kind("Endpoint", READY, member="Endpoint", named=True, retries=False, wakes=False),
    CALLBACK: Kind("", member="Callback", retries=False),
}
CONTROL = frozenset({"Condition", "Fail"})  # decided by the execution itself
LATER = {
    "Lambda": "Lambda",
    "Tuning": "hyperparameter tuning jobs",
    "AutoML": "Autopilot",
    "QualityCheck": "Model Monitor",
    "ClarifyCheck": "Clarify",
    "EMR": "EMR",
    "EMRServerless": "EMR Serverless",
    "InferenceComponent": "inference components",
    "Lineage": "lineage steps",
    "ForEach": "loops of steps",
    "Athena": "Athena",
    "Cleanup": "cleanup steps",
    "Job": "jobs of other services",
    "HubContent": "hubs",
    "BedrockCustomModel": "Bedrock",
    "BedrockCustomModelDeployment": "Bedrock",
    "BedrockProvisionedModelThroughput": "Bedrock",
    "BedrockModelImport": "Bedrock",
}
