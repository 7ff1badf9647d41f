"""Nothing is implemented without a test that calls it: counted over the whole run, from what clients really sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import CALLED, PAGED, Server

from salvia.control.dispatch import Dispatch, discover

# Called by the AWS CLI or by agents alone would not count: boto3 is what users hold in their hands.
_EXCEPTIONS: dict[tuple[str, str], str] = {}


@pytest.fixture(scope="session")
def unhurried(make_lasting_server: Callable[..., Server]) -> Server:
    """A server whose time the tests advance, and whose topics deliver to this machine."""
    return make_lasting_server("--clock", "virtual", "--private-targets", "127.0.0.0/8")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a whole run in which an implemented operation, or one of its paginators, was never used through boto3."""
    whole = {str(Path(argument).resolve()) for argument in session.config.args}
    folder = Path(__file__).parent
    if (
        exitstatus != 0
        or not whole & {str(folder), str(folder.parent)}
        or session.config.option.keyword
        or session.config.option.collectonly
    ):
        return
    from botocore import xform_name
    from botocore.exceptions import UnknownServiceError

    from salvia.protocol import SERVICES
    from salvia.protocol.models import loader

    missing = []
    for service, operation in sorted(Dispatch(discover()).handlers):
        if (service, operation) in _EXCEPTIONS:
            continue
        name, method = SERVICES[service].model, xform_name(operation)
        if (name, method) not in CALLED:
            missing.append(f"{name}.{method}")
        try:
            pages = loader().load_service_model(name, "paginators-1")["pagination"]
        except UnknownServiceError:
            continue
        if operation in pages and (name, method) not in PAGED:
            missing.append(f"{name}.get_paginator('{method}')")
    if missing:
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        reporter.write_line(f"\nimplemented, but no test uses it through boto3: {', '.join(missing)}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
