"""An app of a Studio space with the real JupyterLab: who it is, and what it leaves for the next."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import ROLE, Server
from tests.heavy.test_notebooks import run
from tests.notebooks import Visitor, with_jupyterlab
from tests.studio_domains import Studio


@pytest.fixture(scope="module")
def studio(make_server: Callable[..., Server]) -> Studio:
    return Studio(with_jupyterlab(make_server()))


@pytest.mark.timeout(420)
def test_a_cell_runs_as_the_users_role_and_its_files_stay(studio: Studio) -> None:
    """SageMaker's SDK finds the role; /home/sagemaker-user is the space's."""
    domain = studio.domain()
    owner = studio.profile(domain)
    space = studio.space(domain, owner)

    def visit() -> Visitor:
        studio.reaches(studio.app(domain, space), "InService", 300)
        asked = {"DomainId": domain, "UserProfileName": owner, "SpaceName": space, "LandingUri": "app:JupyterLab:"}
        visitor = Visitor(studio.server, studio.sagemaker.create_presigned_domain_url(**asked)["AuthorizedUrl"])
        visitor.enter()
        return visitor

    said = run(
        visit(),
        "import sagemaker, boto3, os\nprint(sagemaker.get_execution_role(), os.environ['HOME'])\n"
        "print(boto3.client('sts').get_caller_identity()['Arn'], file=open(os.environ['HOME'] + '/who', 'w'))",
    )
    assert said.splitlines()[-1] == f"{ROLE} /home/sagemaker-user", said
    studio.ends({"DomainId": domain, "SpaceName": space, "AppType": "JupyterLab", "AppName": "default"})
    said = run(visit(), "import os; print(open(os.environ['HOME'] + '/who').read())")
    assert ":assumed-role/SageMakerExecutionRole/" in said
