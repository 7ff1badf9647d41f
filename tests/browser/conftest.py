"""Studio as its users see it: Debian's Chromium, driven by Playwright, on a real server."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from botocore.loaders import Loader
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Playwright,
    Request,
    Response,
    expect,
    sync_playwright,
)

from salvia.settings import Settings
from salvia.studio.routes import TABLE
from tests.conftest import Server
from tests.studio import link

_AWS = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)  # without our own
_AXE = Path(__file__).parents[2] / "studio" / "node_modules" / "axe-core" / "axe.min.js"
expect.set_options(timeout=20_000)


@dataclass
class Studio:
    """One tab. Whatever its scripts complain of, or ask for that is no API of AWS's, fails the test, at its end."""

    server: Server
    context: BrowserContext
    page: Page
    trouble: list[str] = field(default_factory=list)
    asked: set[Request] = field(default_factory=set)  # what the page waits for

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: None if "/_live" in request.url else self.asked.add(request))
        self.page.on("requestfinished", lambda request: self.asked.discard(request))
        self.page.on("requestfailed", lambda request: self.asked.discard(request))
        self.page.on("request", lambda request: self._asks(request))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("dialog", lambda dialog: self.trouble.append(f"a dialog: {dialog.message}"))
        self.page.on("console", lambda said: self._heard(said.text))

    def _heard(self, said: str) -> None:
        if "Content Security Policy" in said:
            self.trouble.append(said)

    def _asks(self, request: Request) -> None:
        """A page asks Studio for its files, for operations of AWS's, and by the few routes of its own; nobody else."""
        place = urlsplit(request.url)
        if place.scheme in ("data", "blob") or "notebook." in place.netloc:
            return
        target = request.headers.get("x-amz-target", "")
        if f"{place.scheme}://{place.netloc}" != self.origin:
            self.trouble.append(f"asks {request.url}")
        elif place.path.startswith("/_") and TABLE.find(request.method, place.path)[0] is None:
            self.trouble.append(f"{request.method} {place.path} is none of routes.py")
        elif request.method == "POST" and place.path == "/" and not _of_aws(target):
            self.trouble.append(f"{target} is no operation of AWS's")
        elif request.method not in ("GET", "POST") and not place.path.startswith("/_"):
            self.trouble.append(f"{request.method} {place.path}")

    @cached_property
    def origin(self) -> str:
        return Settings.load(self.server.home).studio

    @property
    def csrf(self) -> str:
        """The session's token, as the page keeps it."""
        return str(self.page.evaluate("localStorage.getItem('salvia-csrf')"))

    def open(self, path: str, heading: str = "") -> Response | None:
        """Go to a page of Studio; `heading` is what stands over it once it is there."""
        answer = self.page.goto(self.origin + path)
        if heading:
            expect(self.page.get_by_role("heading", name=heading).first).to_be_visible()
        return answer

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def turn_to(self, path: str) -> None:
        """Go to a page as a link of Studio's does: nothing is loaded anew."""
        self.page.evaluate("path => history.pushState(null, '', path)", path)

    def accessible(self) -> None:
        """Fails for whatever axe finds on the page once it has what it asked for, in light and in dark.

        Source: WCAG 2.2 AA.
        """
        self.settle()
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(_AXE.read_text())
        looks: tuple[tuple[Literal["light", "dark"], dict[str, Any]], ...] = (
            ("light", {}),
            ("dark", {"runOnly": ["color-contrast", "link-in-text-block"]}),  # all else is the same page
        )
        for mode, options in looks:
            self.dress(mode)
            found: list[dict[str, Any]] = self.page.evaluate(
                "options => axe.run(options).then(result => result.violations)", options
            )
            said = [f"{one['id']}: {one['help']}: {[node['html'][:300] for node in one['nodes'][:3]]}" for one in found]
            assert not said, f"{self.page.url} ({mode}): " + "\n".join(said)

    def settle(self) -> None:
        """Wait until the page has what it asked for."""
        deadline = time.monotonic() + 20
        while self.asked and time.monotonic() < deadline:
            self.page.wait_for_timeout(50)

    def dress(self, mode: Literal["light", "dark"]) -> None:
        """As for a user whose system is light or dark."""
        self.page.emulate_media(color_scheme=mode)
        expect(self.page.locator("body")).to_have_class(re.compile("dark" if mode == "dark" else "^((?!dark).)*$"))

    def unharmed(self) -> None:
        """Nothing that a user wrote ran as a program."""
        assert self.page.evaluate("window.pwned") is None
        assert not self.trouble, self.trouble


def launch(playwright: Playwright) -> Browser:
    """Debian's Chromium. Hosts of names that are nobody's (RFC 2606) are here."""
    arguments = ["--no-sandbox", "--no-proxy-server", "--host-resolver-rules=MAP *.example 127.0.0.1"]
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)


@cache
def _of_aws(target: str) -> bool:
    """Whether `SERVICE.Operation` is one, by botocore's names."""
    service, _, operation = target.partition(".")
    known = service in _AWS.list_available_services("service-2")
    return known and operation in _AWS.load_service_model(service, "service-2")["operations"]


@contextmanager
def tabs() -> Iterator[Callable[..., Studio]]:
    """Open tabs, each in a browser of its own: `tab(server)` is nobody's, `tab(server, sign_in=link)` its user's.

    Until this ends Playwright keeps an event loop running, beside which no other test could run one.
    """
    if shutil.which("chromium") is None:
        pytest.skip("Chromium is not installed (Debian, Ubuntu: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = launch(playwright)

        def open_tab(server: Server, sign_in: str = "", **options: Any) -> Studio:
            wide = {"width": 1440, "height": 900}
            context = browser.new_context(**{"viewport": wide, "reduced_motion": "reduce", **options})
            studio = Studio(server, context, context.new_page())
            if sign_in:
                studio.page.goto(sign_in)
                expect(studio.page.get_by_role("heading", name="Home", exact=True)).to_be_visible()
            return studio

        yield open_tab
        browser.close()


@pytest.fixture(scope="package")
def tab() -> Iterator[Callable[..., Studio]]:
    """The browser ends with this folder's tests."""
    with tabs() as open_tab:
        yield open_tab


@pytest.fixture(scope="session")
def below(make_lasting_server: Callable[..., Server]) -> Server:
    """A server whose Studio and notebooks are hosts of one site, which browsers reach without TLS."""
    return make_lasting_server("--studio-domain", "lab.example")


@pytest.fixture(scope="module")
def signed_in(salvia: Server, tab: Callable[..., Studio]) -> Studio:
    """The administrator's tab, which a module's tests share."""
    return tab(salvia, sign_in=link(salvia.client("salvia")))


@pytest.fixture
def studio(signed_in: Studio) -> Iterator[Studio]:
    """A signed-in tab; at the end, nothing may have gone wrong in it."""
    signed_in.trouble.clear()
    yield signed_in
    signed_in.unharmed()
