"""Nouns that are records by nature: what they say of themselves is all there is to them.

An image or an app's configuration is done when it is written down: nothing is fetched before something starts. Nouns
with ties of their own (trial components, artifacts, image versions, model cards) have rooms.
"""

from salvia.control.resource import RECORD, Resource

CODE_REPOSITORY = Resource(
    noun="CodeRepository",
    plural="CodeRepositories",
    key="CodeRepositoryName",
    arn="code-repository/{CodeRepositoryName}",
    operations=RECORD,
    merged=frozenset({"GitConfig"}),
)

APP_IMAGE_CONFIG = Resource(
    noun="AppImageConfig",
    key="AppImageConfigName",
    arn="app-image-config/{AppImageConfigName}",
    operations=RECORD,
)
