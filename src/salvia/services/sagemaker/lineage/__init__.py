"""Lineage: actions, contexts and artifacts, the associations between them, and the walk along these."""

from salvia.control.resource import RECORD, Resource

_TIES = (("associations", "associations", "source"), ("associations", "associations", "destination"))

ACTION = Resource(
    noun="Action",
    key="ActionName",
    arn="action/{ActionName}",
    operations=RECORD,
    page=10,
    filters={"SourceUri": "Source.SourceUri", "ActionType": "ActionType"},
    ties=_TIES,
)

CONTEXT = Resource(
    noun="Context",
    key="ContextName",
    arn="context/{ContextName}",
    operations=RECORD,
    page=10,
    filters={"SourceUri": "Source.SourceUri", "ContextType": "ContextType"},
    ties=_TIES,
)

# An artifact is named by what it stands for: its ARN ends in a hash of its source.
ARTIFACT = Resource(
    noun="Artifact",
    key="ArtifactArn",
    arn="artifact/{ArtifactId}",
    operations=RECORD,
    page=10,
    filters={"SourceUri": "Source.SourceUri", "ArtifactType": "ArtifactType"},
    ties=_TIES,
)
