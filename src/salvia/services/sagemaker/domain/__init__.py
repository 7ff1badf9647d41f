"""Studio: a domain has user profiles and spaces, and a space an app.

A domain, a profile or a space is a record: nothing remains to be done once it is written down, so that it is InService
when its Create answers. A space that is Deleting goes with its files. An app runs:

Pending ─▶ InService ─▶ Deleting (while it stops) ─▶ Deleted
   └─▶ Failed
"""

from salvia.control.resource import RECORD, Resource

DOMAIN = Resource(
    noun="Domain",
    key="DomainId",
    arn="domain/{DomainId}",
    state="Status",
    initial="InService",
    page=10,
    operations=frozenset(),
    merged=frozenset({"DefaultUserSettings", "DefaultSpaceSettings", "DomainSettings"}),
)

USER_PROFILE = Resource(
    noun="UserProfile",
    key="UserProfileName",
    name="{DomainId}/{UserProfileName}",
    arn="user-profile/{DomainId}/{UserProfileName}",
    state="Status",
    initial="InService",
    page=10,
    ascending=True,
    operations=frozenset({"Describe", "List"}),
    filters={"DomainIdEquals": "DomainId"},
    merged=frozenset({"UserSettings"}),
    parent=DOMAIN,
)

SPACE = Resource(
    noun="Space",
    key="SpaceName",
    name="{DomainId}/{SpaceName}",
    arn="space/{DomainId}/{SpaceName}",
    state="Status",
    initial="InService",
    page=10,
    ascending=True,
    operations=frozenset({"Describe"}),
    filters={"DomainIdEquals": "DomainId"},
    merged=frozenset({"SpaceSettings"}),
    parent=DOMAIN,
)

APP = Resource(
    noun="App",
    key="AppName",
    name="{DomainId}/{SpaceName}/{AppType}/{AppName}",
    terminal=frozenset({"Deleted", "Failed"}),
    arn="app/{DomainId}/{SpaceName}/{AppType}/{AppName}",
    state="Status",
    page=10,
    ascending=True,
    operations=frozenset({"List"}),
    filters={
        "DomainIdEquals": "DomainId",
        "SpaceNameEquals": "SpaceName",
        "UserProfileNameEquals": "UserProfileName",
    },
    parent=SPACE,
)

STUDIO_LIFECYCLE_CONFIG = Resource(
    noun="StudioLifecycleConfig",
    key="StudioLifecycleConfigName",
    arn="studio-lifecycle-config/{StudioLifecycleConfigName}",
    operations=RECORD - {"Update"},
    filters={"AppTypeEquals": "StudioLifecycleConfigAppType"},
)
