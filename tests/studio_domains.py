"""Studio's domains of one server, and what is in them."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import Any

from tests.conftest import ROLE, Server, eventually


@dataclass
class Studio:
    """Each domain, profile and space has a name of its own."""

    server: Server

    def __post_init__(self) -> None:
        self.sagemaker = self.server.client("sagemaker")

    def domain(self, **more: Any) -> str:
        """A new domain; returns its id."""
        settings = {"ExecutionRole": ROLE, **more.pop("DefaultUserSettings", {})}
        request = {"DomainName": f"team-{secrets.token_hex(4)}", "AuthMode": "IAM", "DefaultUserSettings": settings}
        created = self.sagemaker.create_domain(**{**request, "SubnetIds": ["subnet-1"], "VpcId": "vpc-1", **more})
        assert created["DomainArn"].endswith(f":domain/{created['DomainId']}")
        return str(created["DomainId"])

    def profile(self, domain: str, name: str = "", **settings: Any) -> str:
        """A new user profile; returns its name."""
        name = name or f"user-{secrets.token_hex(4)}"
        self.sagemaker.create_user_profile(DomainId=domain, UserProfileName=name, UserSettings=settings)
        return name

    def space(self, domain: str, owner: str = "", sharing: str = "Private", **more: Any) -> str:
        """A new space; returns its name. Whose it is: a new profile's, unless one is named."""
        name = f"space-{secrets.token_hex(4)}"
        self.sagemaker.create_space(
            DomainId=domain,
            SpaceName=name,
            OwnershipSettings={"OwnerUserProfileName": owner or self.profile(domain)},
            SpaceSharingSettings={"SharingType": sharing},
            **more,
        )
        return name

    def script(self, text: str, app: str = "JupyterLab") -> str:
        """A lifecycle configuration; returns its ARN."""
        content = base64.b64encode(text.encode()).decode()
        return str(
            self.sagemaker.create_studio_lifecycle_config(
                StudioLifecycleConfigName=f"lc-{secrets.token_hex(4)}",
                StudioLifecycleConfigContent=content,
                StudioLifecycleConfigAppType=app,
            )["StudioLifecycleConfigArn"]
        )

    def app(self, domain: str, space: str, **resources: str) -> dict[str, str]:
        """Start an app; returns what names it."""
        named = {"DomainId": domain, "SpaceName": space, "AppType": "JupyterLab", "AppName": "default"}
        self.sagemaker.create_app(**named, ResourceSpec={"InstanceType": "ml.t3.medium", **resources})
        return named

    def reaches(self, app: dict[str, str], status: str, timeout: float = 60) -> dict[str, Any]:
        """Its description once it shows a status."""
        return eventually(
            lambda: (d := self.sagemaker.describe_app(**app))["Status"] == status and d, timeout, f"{app}: {status}"
        )

    def ends(self, app: dict[str, str]) -> None:
        """Delete an app, and wait until it is gone."""
        self.sagemaker.delete_app(**app)
        self.reaches(app, "Deleted")
