"""Notebook instances with the real JupyterLab, as a browser would use it."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.conftest import Server
from tests.notebooks import Notebooks, Visitor, with_jupyterlab


@pytest.fixture(scope="module")
def notebooks(make_server: Callable[..., Server]) -> Notebooks:
    return Notebooks(with_jupyterlab(make_server("--clock", "virtual")))


def run(visitor: Visitor, code: str, kernel: str = "python3") -> str:
    """What a cell prints, over the kernel's WebSocket. Source: jupyter_client, "Messaging", execute_request."""
    status, _, body = visitor.ask("POST", "/api/kernels", json.dumps({"name": kernel}).encode())
    assert status == 201, body
    try:
        return asyncio.run(_run(visitor, json.loads(body)["id"], code))
    finally:
        visitor.ask("DELETE", f"/api/kernels/{json.loads(body)['id']}")


async def _run(visitor: Visitor, kernel: str, code: str) -> str:
    headers = {"Host": visitor.host, "Cookie": visitor.cookie, "Origin": visitor.origin}
    url = f"http://127.0.0.1:{visitor.server.port}/api/kernels/{kernel}/channels"
    said = ""
    async with aiohttp.ClientSession() as session, session.ws_connect(url, headers=headers) as channel:
        asked = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": "execute_request",
            "session": "s",
            "username": "",
            "version": "5.3",
        }
        content = {"code": code, "silent": False, "allow_stdin": False}
        await channel.send_json(
            {
                "header": asked,
                "parent_header": {},
                "metadata": {},
                "content": content,
                "channel": "shell",
                "buffers": [],
            }
        )
        async with asyncio.timeout(120):
            async for message in channel:
                told: dict[str, Any] = json.loads(message.data)
                if told["parent_header"].get("msg_id") != asked["msg_id"]:
                    continue
                if told["msg_type"] == "stream":
                    said += told["content"]["text"]
                if told["msg_type"] == "error":
                    said += "\n".join(told["content"]["traceback"])
                if told["msg_type"] == "status" and told["content"]["execution_state"] == "idle":
                    break
    return said


def test_jupyterlab_opens_and_runs_a_cell_with_its_role(notebooks: Notebooks) -> None:
    """The image is built once; then a click leads to JupyterLab, and a cell acts as the instance's role."""
    notebooks.create(timeout=280)  # builds the image where it does not stand
    began = time.monotonic()
    name = notebooks.create()
    visitor = notebooks.visit(name)
    status, headers, page = visitor.ask("GET", "/lab")
    taken = time.monotonic() - began
    print(f"click to JupyterLab: {taken:.1f} s")
    assert status == 200 and b"jupyter-config-data" in page
    assert (
        headers["content-security-policy"] == f"frame-ancestors 'self' http://studio.localhost:{notebooks.server.port}"
    )
    said = run(visitor, "import boto3, sagemaker; print(boto3.client('sts').get_caller_identity()['Arn'])")
    assert ":assumed-role/SageMakerExecutionRole/" in said
    said = run(
        visitor, "!aws --version; git --version; pwd; cat /opt/ml/metadata/resource-metadata.json", "conda_python3"
    )
    assert "aws-cli/" in said and "git version" in said and "/home/ec2-user/SageMaker" in said and f'"{name}"' in said


def test_files_stay_and_an_idle_instance_stops(notebooks: Notebooks) -> None:
    """What a cell wrote is there after a stop; a kernel that waits is idle, by JupyterLab's own word."""
    name = notebooks.create(Tags=[{"Key": "salvia:idle-minutes", "Value": "30"}])
    visitor = notebooks.visit(name)
    kernel = json.dumps({"name": "python3"}).encode()
    assert run(visitor, "open('kept.txt', 'w').write('kept'); print('written')").strip() == "written"
    assert visitor.ask("POST", "/api/kernels", kernel)[0] == 201  # it waits for work
    notebooks.server.salvia("clock", "advance", "31m")
    assert "no kernel" in notebooks.reaches(name, "Stopped")["FailureReason"]
    notebooks.start(name)
    assert visitor.ask("GET", "/lab")[0] == 401  # its session went with the instance
    found = json.loads(notebooks.visit(name).ask("GET", "/api/contents/kept.txt")[2])
    assert found["content"] == "kept"


def test_a_kernel_runs_in_another_images_environment(notebooks: Notebooks) -> None:
    """Of each image that stands, without any being built for it; its own packages come first."""
    notebooks.server.salvia("images", "build", "base-python", timeout=280)
    python = notebooks.server.python("base-python")
    visitor = notebooks.visit(notebooks.create())
    known = json.loads(visitor.ask("GET", "/api/kernelspecs")[2])["kernelspecs"]
    assert {"python3", "conda_python3", "base-python"} <= set(known)
    code = "import sys, salvia_toolkit, pandas; print(sys.executable, pandas.__file__)"
    executable, pandas = run(visitor, code, "base-python").split()
    assert executable == str(python)
    assert pandas.startswith(str(python.parent.parent))
