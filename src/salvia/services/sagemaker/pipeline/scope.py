"""What the expressions of an execution are worth: parameters, variables, what other steps' jobs show, objects of S3."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from salvia.control import errand
from salvia.control.world import World
from salvia.core.caller import Caller, service_caller
from salvia.store import documents
from salvia.store.documents import Document

from . import objects, outputs
from .definition import Definition
from .kinds import CALLBACK
from .steps import Begun

SERVICE = "sagemaker.amazonaws.com"
_LARGEST = 16 << 20  # of a file that an expression reads


class ExecutionScope:
    """The `Scope` of one look at an execution: what was read once is not read again."""

    def __init__(self, execution: Document, world: World, graph: Definition, begun: dict[str, Begun]) -> None:
        self._execution, self._world, self._graph, self._begun = execution, world, graph, begun
        self._properties: dict[str, Any] = {}
        self._files: dict[str, bytes] = {}
        spec = execution.spec
        self.parameters: dict[str, Any] = spec["_Parameters"]
        self.variables: dict[str, Any] = {
            "PipelineName": spec["_Name"],
            "PipelineArn": spec["PipelineArn"],
            "PipelineExecutionId": spec["_Id"],
            "PipelineExecutionArn": execution.arn,
            "StartDateTime": _moment(execution.created_at),
            "CurrentDateTime": _moment(world.clock.now()),
        }

    def role(self) -> Caller:
        """The execution's role, in which it does everything. Raises ValidationException when it is gone."""
        return errand.in_role(self._world.db.read(), self._execution.spec["RoleArn"], "SageMaker")

    async def properties(self, step: str) -> Any:
        """What the job of a step shows. Raises ValueError when it is gone."""
        if step not in self._properties:
            self._properties[step] = await self._describe(step)
        return self._properties[step]

    async def _describe(self, step: str) -> Any:
        one = self._begun[step]
        if self._graph.steps[step].type == "Condition":
            return one.result["Metadata"]["Condition"]
        if self._graph.steps[step].type == CALLBACK:
            sent = one.result["Metadata"]["Callback"].get("OutputParameters", ())
            return {"OutputParameters": outputs.values(self._graph.steps[step].raw, sent)}
        kind = self._graph.steps[step].kind
        made = documents.by_id(self._world.db.read(), one.child)
        if made is None:
            raise ValueError(f"what step '{step}' made was deleted")
        caller = service_caller(SERVICE, self._execution.account)
        request = {kind.key: made.arn if kind.noun == "ModelPackage" else made.name}
        region = self._execution.region
        return await errand.run(self._world, caller, SERVICE, region, "sagemaker", f"Describe{kind.noun}", request)

    async def property_file(self, step: str, name: str) -> bytes:
        """A property file: it is where the step's output is."""
        files = self._graph.steps[step].raw["PropertyFiles"]
        file = next(one for one in files if one["PropertyFileName"] == name)
        outputs = (await self.properties(step))["ProcessingOutputConfig"]["Outputs"]
        uri = next(one["S3Output"]["S3Uri"] for one in outputs if one["OutputName"] == file["OutputName"])
        return await self.read(f"{uri.rstrip('/')}/{file['FilePath']}")

    async def read(self, uri: str) -> bytes:
        """An object of S3, as the role. Raises ValueError, or ValidationException when it may not be read."""
        if uri not in self._files:
            bucket, key = objects.located(uri)
            region = self._execution.region
            self._files[uri] = await objects.read(self._world, self.role(), region, bucket, key, most=_LARGEST)
        return self._files[uri]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
