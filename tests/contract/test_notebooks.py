"""Notebook instances, through boto3 and through their sites; the server behind them is a light one (tests/images)."""

from __future__ import annotations

import pytest
from tests.conftest import Server
from tests.notebooks import Notebooks


@pytest.fixture(scope="module")
def notebooks(salvia: Server) -> Notebooks:
    return Notebooks(salvia)


def test_an_instance_starts_serves_stops_and_is_deleted(notebooks: Notebooks) -> None:
    """The guide, "Create an Amazon SageMaker notebook instance"; states: API_DescribeNotebookInstance."""
    name = notebooks.create(wait=False)
    assert notebooks.describe(name)["NotebookInstanceStatus"] == "Pending"
    notebooks.sagemaker.get_waiter("notebook_instance_in_service").wait(NotebookInstanceName=name)
    visitor = notebooks.visit(name)
    assert visitor.ask("PUT", "/files/a/note.txt", b"kept")[0] == 201
    notebooks.sagemaker.stop_notebook_instance(NotebookInstanceName=name)
    notebooks.sagemaker.get_waiter("notebook_instance_stopped").wait(NotebookInstanceName=name)
    notebooks.start(name)
    assert notebooks.visit(name).ask("GET", "/files/a/note.txt")[2] == b"kept"
    notebooks.stop(name)
    notebooks.sagemaker.delete_notebook_instance(NotebookInstanceName=name)
    notebooks.sagemaker.get_waiter("notebook_instance_deleted").wait(NotebookInstanceName=name)
    assert not list((notebooks.server.home / "volumes").glob("*/kept/a"))
