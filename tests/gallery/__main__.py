"""`make screenshots`: every page of Studio, with real work on it, in Chromium: light and dark, wide and narrow.

Writes docs/images/studio/PAGE-{light,dark}-{wide,narrow}.webp and docs/studio-pages.md, which shows them.
"""

from __future__ import annotations

import base64
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

from playwright.sync_api import CDPSession, expect, sync_playwright

from tests.browser.conftest import Studio, launch
from tests.conftest import Server, free_port
from tests.studio import link

from .team import Team

_ROOT = Path(__file__).parents[2]
_AT = "images/studio"
_FOLDER = _ROOT / "docs" / _AT
_PAGE = _ROOT / "docs" / "studio-pages.md"
_SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
_QUALITY = 80
MODES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")


class Shot(NamedTuple):
    """One page: `path` with what the team calls things in braces, and what stands over it."""

    file: str
    path: str
    heading: str


SHOTS = {
    "Home": [Shot("home", "/", "Home")],
    "Jobs": [
        Shot("training-jobs", "/training-jobs", "Training jobs"),
        Shot("training-job", "/training-jobs/{running}", "{running}"),
        Shot("training-job-configuration", "/training-jobs/{job}?tab=configuration", "{job}"),
        Shot("training-job-output", "/training-jobs/{job}?tab=output", "{job}"),
        Shot("training-job-code", "/training-jobs/{job}?tab=code", "{job}"),
        Shot("training-job-failed", "/training-jobs/{failed}", "{failed}"),
        Shot("training-job-create", "/training-jobs/create?from={job}", "Clone {job}"),
        Shot("processing-jobs", "/processing-jobs", "Processing jobs"),
        Shot("processing-job", "/processing-jobs/{processing}", "{processing}"),
        Shot("processing-job-create", "/processing-jobs/create", "Create processing job"),
        Shot("transform-jobs", "/transform-jobs", "Batch transform jobs"),
        Shot("transform-job", "/transform-jobs/{transform}", "{transform}"),
        Shot("transform-job-create", "/transform-jobs/create", "Create batch transform job"),
    ],
    "Pipelines": [
        Shot("pipelines", "/pipelines", "Pipelines"),
        Shot("pipeline", "/pipelines/{pipeline}", "{pipeline}"),
        Shot("pipeline-execution", "/pipelines/{pipeline}/{execution}", "{execution}"),
    ],
    "Models": [
        Shot("models", "/models", "Models"),
        Shot("model", "/models/{model}", "{model}"),
        Shot("model-create", "/models/create", "Create model"),
        Shot("registry", "/model-package-groups", "Model registry"),
        Shot("registry-group", "/model-package-groups/{models}", "{models}"),
        Shot("registry-group-create", "/model-package-groups/create", "Create model package group"),
        Shot("registry-register", "/model-package-groups/register?group={models}", "Register version"),
        Shot("registry-version", "/model-package-groups/{models}/{version}", "Version {version}"),
    ],
    "Inference": [
        Shot("endpoints", "/endpoints", "Endpoints"),
        Shot("endpoint", "/endpoints/{endpoint}", "{endpoint}"),
        Shot("endpoint-invoke", "/endpoints/{endpoint}?tab=invoke", "{endpoint}"),
        Shot("endpoint-scaling", "/endpoints/{endpoint}?tab=scaling", "{endpoint}"),
        Shot("endpoint-captured", "/endpoints/{endpoint}?tab=captured", "{endpoint}"),
        Shot("endpoint-deploy", "/endpoints/deploy?model={model}", "Model"),
        Shot("endpoint-configs", "/endpoint-configs", "Endpoint configurations"),
        Shot("endpoint-config", "/endpoint-configs/{config}", "{config}"),
    ],
    "Data": [
        Shot("buckets", "/data", "S3 buckets"),
        Shot("objects", "/data/browse?bucket={bucket}", "{bucket}"),
        Shot("object", "/data/object?bucket={bucket}&key=input/customers.csv", "customers.csv"),
    ],
    "Notebooks": [
        Shot("notebooks", "/notebook-instances", "Notebook instances"),
        Shot("notebook", "/notebook-instances/{notebook}", "{notebook}"),
        Shot("notebook-create", "/notebook-instances/create", "Create notebook instance"),
        Shot("lifecycle-configurations", "/lifecycle-configurations", "Lifecycle configurations"),
        Shot("lifecycle-configuration", "/lifecycle-configurations/{lifecycle}", "{lifecycle}"),
        Shot("lifecycle-configuration-create", "/lifecycle-configurations/create", "Create lifecycle configuration"),
        Shot("domains", "/domains", "Studio domains"),
        Shot("domain", "/domains/{domain}", "churn-team"),
        Shot("domain-create", "/domains/create", "Create domain"),
        Shot("user-profile-create", "/domains/{domain}/create-user-profile", "Create user profile"),
        Shot("space-create", "/domains/{domain}/create-space", "Create space"),
        Shot("code-repositories", "/code-repositories", "Code repositories"),
        Shot("code-repository-create", "/code-repositories/create", "Create code repository"),
    ],
    "Administration": [
        Shot("users", "/users", "Users"),
        Shot("user", "/users/show?name={user}", "{user}"),
        Shot("groups", "/groups", "Groups"),
        Shot("group", "/groups/show?name={group}", "{group}"),
        Shot("roles", "/roles", "Roles"),
        Shot("role", "/roles/show?name={role}", "{role}"),
        Shot("role-create", "/roles/create", "Create role"),
        Shot("policies", "/policies", "Policies"),
        Shot("policy", "/policies/show?name={policy}", "TrainSmall"),
        Shot("policy-create", "/policies/create", "Create policy"),
        Shot("audit", "/audit", "Audit trail"),
    ],
}


def main() -> int:
    wanted = set(sys.argv[1:])
    home = Path(tempfile.mkdtemp(prefix="salvia-gallery-"))
    images = _ROOT / ".test" / "images"
    images.mkdir(parents=True, exist_ok=True)
    (home / "images").symlink_to(images)
    server = Server(home, free_port())
    server.up()
    team = Team(server)
    try:
        team.work()
        with sync_playwright() as playwright:
            browser = launch(playwright)
            context = browser.new_context(reduced_motion="reduce")
            studio = Studio(server, context, context.new_page())
            camera = context.new_cdp_session(studio.page)
            _FOLDER.mkdir(parents=True, exist_ok=True)
            studio.open("/")
            take(studio, camera, "sign-in")
            studio.page.goto(link(server.client("salvia")))
            expect(studio.page.get_by_role("heading", name="Home", exact=True)).to_be_visible()
            for shot in [shot for shots in SHOTS.values() for shot in shots]:
                if wanted and shot.file not in wanted:
                    continue
                named = {name: quote(value, safe="") for name, value in team.named.items()}
                for size, (width, height) in _SIZES.items():
                    studio.page.set_viewport_size({"width": width, "height": height})
                    studio.open(shot.path.format(**named), shot.heading.format(**team.named))
                    take(studio, camera, shot.file, size)
            browser.close()
    finally:
        team.rest()
        server.down()
        shutil.rmtree(home)
    _PAGE.write_text(page())
    return 0


def take(studio: Studio, camera: CDPSession, file: str, *sizes: str) -> None:
    """The pictures of what stands there, once it stands."""
    for size in sizes or _SIZES:
        width, height = _SIZES[size]
        studio.page.set_viewport_size({"width": width, "height": height})
        studio.settle()
        for mode in MODES:
            studio.dress(mode)
            studio.page.wait_for_timeout(300)  # charts draw themselves anew
            taken = camera.send("Page.captureScreenshot", {"format": "webp", "quality": _QUALITY})
            (_FOLDER / name(file, mode, size)).write_bytes(base64.b64decode(taken["data"]))


def page() -> str:
    """The page of the documentation."""
    lines = [
        "# Studio's pages",
        "",
        "As a team sees them whose work is to find out who will leave: real jobs, models and figures. Made by",
        "`make screenshots`. Light and dark; wide, and as on a telephone.",
    ]
    for section, shots in {"Signing in": [Shot("sign-in", "", "")], **SHOTS}.items():
        lines += ["", f"## {section}"]
        for shot in shots:
            lines += ["", f"**{title(shot)}**", "", "| Light | Dark |", "|---|---|"]
            for size in _SIZES:
                cells = [f"![{title(shot)}, {mode}, {size}]({_AT}/{name(shot.file, mode, size)})" for mode in MODES]
                lines += [f"| {' | '.join(cells)} |"]
    return "\n".join(lines) + "\n"


def name(file: str, mode: str, size: str) -> str:
    """Of a picture's file."""
    return f"{file}-{mode}-{size}.webp"


def title(shot: Shot) -> str:
    """Its file's name in words."""
    return shot.file.replace("-", " ").capitalize()


if __name__ == "__main__":
    sys.exit(main())
