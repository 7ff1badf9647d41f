"""What costs are told apart by, in Cost Explorer's words.

Sources: API_GetCostAndUsage, API_GetDimensionValues, API_DimensionValues; Cost and Usage Report guide, "Line item
details", on usage types: a region's prefix, what was used, and its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from salvia.control.cost import sheet
from salvia.control.cost.bill import Line
from salvia.core.arns import parse_arn
from salvia.core.errors import validation_error

Of = Callable[[Line], str]

RESOURCE = "RESOURCE_ID"

_SERVICES = {"sagemaker": ("Amazon SageMaker", "AmazonSageMaker")}
_UNITS = {"instance-hour": "Hrs", "GB-month": "GB-Mo", "GB": "GB", "second": "Seconds"}
_REGIONS = {
    "us-east-1": "USE1",
    "us-east-2": "USE2",
    "us-west-1": "USW1",
    "us-west-2": "USW2",
    "ca-central-1": "CAN1",
    "sa-east-1": "SAE1",
    "eu-west-1": "EUW1",
    "eu-west-2": "EUW2",
    "eu-west-3": "EUW3",
    "eu-central-1": "EUC1",
    "eu-north-1": "EUN1",
    "ap-south-1": "APS3",
    "ap-southeast-1": "APS1",
    "ap-southeast-2": "APS2",
    "ap-northeast-1": "APN1",
    "ap-northeast-2": "APN2",
}
_USES = {"Training": "Train", "WarmPool": "Train", "Hosting": "Host", "Transform": "Tsform", "Notebook": "Notebk"}
_KINDS = {
    ("Data", "HostingIn"): "Hst:Data-Bytes-In",
    ("Data", "HostingOut"): "Hst:Data-Bytes-Out",
    ("Data", "Serverless"): "ServerlessInf:Data-Bytes",
}


def _service(line: Line) -> tuple[str, str]:
    service = parse_arn(line.stretch.arn).service
    return _SERVICES.get(service, (service, service))


def _usage_type(line: Line) -> str:
    region = _REGIONS.get(line.stretch.region, line.stretch.region)
    if line.component == "Storage":
        kind = f"{_USES.get(line.item, line.item)}:VolumeUsage.gp2"
    else:
        of_data = _KINDS.get((line.component, line.item))
        kind = of_data or f"{_USES.get(line.component, line.component)}:{line.item}"
    return f"{region}-{kind}"


def _instance_type(line: Line) -> str:
    return line.item if sheet.unit(line.component) == "instance-hour" else "NoInstanceType"


DIMENSIONS: dict[str, Of] = {
    "SERVICE": lambda line: _service(line)[0],
    "SERVICE_CODE": lambda line: _service(line)[1],
    "REGION": lambda line: line.stretch.region,
    "LINKED_ACCOUNT": lambda line: parse_arn(line.stretch.arn).account,
    "USAGE_TYPE": _usage_type,
    "INSTANCE_TYPE": _instance_type,
    "RECORD_TYPE": lambda line: "Usage",
    "PURCHASE_TYPE": lambda line: "On Demand Instances",
    RESOURCE: lambda line: line.stretch.arn,
}


def of(name: str) -> Of:
    """What a line is in a dimension. Raises ValidationException for one that nothing is metered by."""
    found = DIMENSIONS.get(name)
    if found is None:
        raise validation_error(
            f"Salvia meters nothing by {name[:64]}. It does by {', '.join(DIMENSIONS)}, and by tags."
        )
    return found


def group(definition: dict[str, Any]) -> Of:
    """The key of a line's group. A tag's is `KEY$VALUE`, and ends with the dollar where a resource has none of it."""
    kind, key = definition.get("Type"), definition.get("Key")
    if not key:
        raise validation_error("GroupBy needs a Type, DIMENSION or TAG, and a Key.")
    if kind == "TAG":
        return lambda line: f"{key}${line.stretch.tags.get(key, '')}"
    if kind != "DIMENSION":
        raise validation_error(f"Salvia does not group by {kind}. It does by DIMENSION and TAG.")
    return of(key)


def unit(line: Line) -> str:
    """What a line's quantity is counted in."""
    plain = sheet.unit(line.component)
    return _UNITS.get(plain, plain)
