"""Images of Studio and their versions, each found by its number or by an alias.

An image is a name for container images that exist: it is CREATED at once, since nothing is built or fetched.
"""

from salvia.control.resource import RECORD, Resource

IMAGE = Resource(
    noun="Image",
    key="ImageName",
    arn="image/{ImageName}",
    state="ImageStatus",
    initial="CREATED",
    operations=RECORD,
    defaults={"DisplayName": "{ImageName}"},
)

IMAGE_VERSION = Resource(
    noun="ImageVersion",
    key="Version",
    arn="image-version/{ImageName}/{Version}",
    state="ImageVersionStatus",
    initial="CREATED",
    operations=frozenset({"List"}),
    parent=IMAGE,
    with_parent=True,
)
