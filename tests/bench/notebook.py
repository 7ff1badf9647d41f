"""A notebook instance in Chromium: from the click that creates it until JupyterLab is on the screen."""

from __future__ import annotations

import secrets
import statistics

from tests.bench.chromium import Tab, Visitor
from tests.conftest import ROLE
from tests.notebooks import Notebooks

_TIMES = 3
_READY = "document.querySelector('button[aria-label^=\"Open JupyterLab\"]:not([disabled])')"
_LAB = "document.querySelector('.jp-LauncherCard') && !document.querySelector('#jupyterlab-splash')"


def figures(visitor: Visitor) -> dict[str, float]:
    """Seconds."""
    notebooks = Notebooks(visitor.server)
    notebooks.create(timeout=600)  # builds the image's environment
    taken = []
    for _ in range(_TIMES):
        with visitor.tab() as tab:
            taken.append(_opened(tab))
    ready, there = zip(*taken, strict=True)
    return {
        "notebook from the click that creates it to JupyterLab, s": statistics.median(there),
        "  of that until it is in service, s": statistics.median(ready),
    }


def _opened(tab: Tab) -> tuple[float, float]:
    """Until the instance is in service, and until its JupyterLab is painted."""
    page = tab.page
    tab.opened("/notebook-instances/create", "document.querySelector('form input')")
    page.get_by_label("Name").first.fill(f"nb-{secrets.token_hex(4)}")
    page.get_by_label("Role", exact=True).fill(ROLE)
    page.get_by_role("heading", name="Create notebook instance").click()  # what the field suggests is in the way
    ready = tab.timed(page.get_by_role("button", name="Create notebook instance").click, _READY)
    begun = page.evaluate("performance.timeOrigin + window.begun")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Open JupyterLab").click()
    opened.value.wait_for_url("**/lab**", wait_until="commit")  # the link leads there
    lab = Tab(opened.value, "")
    there = lab.page.evaluate("performance.timeOrigin") + lab.painted(_LAB)
    return ready / 1000, (there - begun) / 1000
