"""Chromium with a tab of Studio, and how long until what one asked for is painted.

Measured inside the page: from the moment that the browser puts on the click or key until the frame that shows the
result is painted. What Playwright needs to find a button, and to say that it is done, is not in it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from tests.conftest import Server
from tests.studio import link

HOME = "document.querySelector('h1')?.textContent === 'Home'"
_WAIT = 30_000  # milliseconds for anything
_PAUSE = 300  # of whoever looks at what came, before the next click
# What holds when a frame begins is painted with it: a message is heard after that.
_WATCH = f"""
window.painted = (test) => new Promise((done, fail) => {{
  const begun = performance.now();
  const look = () => {{
    let there = false, why = "";
    try {{ there = test(); }} catch (error) {{ why = error; }} // what it looks at is not there yet
    if (!there && performance.now() - begun > {_WAIT}) return fail(new Error(`not in time: ${{test}} ${{why}}`));
    if (!there) return requestAnimationFrame(look);
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done(performance.now());
    channel.port2.postMessage(0);
  }};
  requestAnimationFrame(look);
}});
for (const kind of ["pointerdown", "keydown"])
  addEventListener(kind, (event) => {{ window.begun ??= event.timeStamp; }}, {{ capture: true }});
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's, without a window."""
    program = shutil.which("chromium")
    assert program, "Chromium is not installed (Debian, Ubuntu: apt-get install chromium)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--no-proxy-server"])
        yield browser
        browser.close()


class Visitor:
    """The administrator, in as many browsers as are opened."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self._browser = browser
        self._cookies: Any = None
        self.server = server
        with self.tab() as tab:
            tab.page.goto(link(server.client("salvia")))
            tab.painted(HOME)
            self._cookies = tab.page.context.storage_state()

    @contextmanager
    def tab(self) -> Iterator[Tab]:
        """A tab with nothing in its cache."""
        context = self._browser.new_context(viewport={"width": 1440, "height": 900}, storage_state=self._cookies)
        context.set_default_timeout(_WAIT)
        context.add_init_script(_WATCH)
        yield Tab(context.new_page(), f"http://studio.localhost:{self.server.port}")
        context.close()


class Tab:
    """A test is an expression of JavaScript; times are milliseconds."""

    def __init__(self, page: Any, origin: str) -> None:
        self.page = page
        self._origin = origin
        self.wire = page.context.new_cdp_session(page)
        self.wire.send("Performance.enable", {"timeDomain": "threadTicks"})

    def painted(self, test: str) -> float:
        """When it was, since the page's navigation began."""
        return float(self.page.evaluate(f"painted(() => {test})"))

    def opened(self, path: str, test: str) -> float:
        """From a navigation until `test` holds."""
        self.page.goto(self._origin + path, wait_until="commit")
        return self.painted(test)

    def timed(self, act: Callable[[], Any], test: str) -> float:
        """From the first click or key of `act` until `test` holds, which it does not before."""
        self.page.wait_for_timeout(_PAUSE)
        self.page.evaluate(
            f"() => {{ const test = () => {test}; if (test()) throw new Error(`it holds already: ${{test}}`); "
            "window.begun = undefined; window.there = painted(test); }"
        )
        act()
        return float(self.page.evaluate("async () => (await window.there) - window.begun"))

    def back(self, test: str) -> float:
        """The same of the browser's way back."""
        self.page.wait_for_timeout(_PAUSE)
        return float(
            self.page.evaluate(
                "async () => { const begun = performance.now(); history.back(); "
                f"return await painted(() => {test}) - begun; }}"
            )
        )

    def cpu(self) -> float:
        """What the page's own thread has burned so far."""
        metrics = {one["name"]: one["value"] for one in self.wire.send("Performance.getMetrics")["metrics"]}
        return float(metrics["TaskDuration"]) * 1000
