"""Studio's pages in Chromium: what is sent for the first, how soon a table is usable, how soon a click is answered."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

from tests.bench.chromium import HOME, Tab, Visitor

_TIMES = 5
_ROUNDS = 10
_TABLE = "/training-jobs"
_ROWS = f"tbody a[href^='{_TABLE}/']"
_FULL = f"document.querySelectorAll({_ROWS!r}).length >= 50"
_FIRST = f"document.querySelector({_ROWS!r})?.textContent"
_FIND = "document.querySelector('input[aria-label=Find]')"
# Usable: there are rows, and what is typed into the filter at that moment stands in it.
_USABLE = (
    f"(window.typed ||= {_FULL} && ({_FIND}.focus(), document.execCommand('insertText', false, 'r'))) "
    f"&& {_FIND}.value === 'r'"
)


def first_load(visitor: Visitor) -> dict[str, float]:
    """Home of somebody who is signed in, nothing in the cache: all that is sent, and the time to its heading.

    Bytes are those of every answer, with its headers.
    """
    found = {}
    for encoding in ("gzip", "br"):
        with visitor.tab() as tab:
            sent: list[float] = []
            tab.page.context.set_extra_http_headers({"Accept-Encoding": encoding})
            tab.wire.send("Network.enable")
            tab.wire.on("Network.loadingFinished", lambda event, sent=sent: sent.append(event["encodedDataLength"]))
            tab.opened("/", HOME)
            tab.page.wait_for_timeout(2000)  # what the heading does not wait for counts, too
            found[f"first load, {encoding}, KB"] = sum(sent) / 1000
    found["first load to its heading, ms"] = _median(lambda: _cold(visitor, "/", HOME))
    return found


def long_table(visitor: Visitor) -> dict[str, float]:
    """Ten thousand training jobs: milliseconds until there are rows and the filter takes what is typed."""
    found = {"10,000 jobs usable, empty cache, ms": _median(lambda: _cold(visitor, _TABLE, _USABLE))}
    with visitor.tab() as tab:
        tab.opened(_TABLE, _USABLE)
        found["10,000 jobs usable, page loaded again, ms"] = _median(lambda: tab.opened(_TABLE, _USABLE))
    found["10,000 jobs usable, by a click on Home, ms"] = _median(lambda: _clicked(visitor))
    return found


def interactions(visitor: Visitor) -> dict[str, float]:
    """What one does with a table and a job, in turn; milliseconds from each click or key to its painted result.

    The first of each kind, which fetches its page's program, counts as well.
    """
    taken: dict[str, list[float]] = {}
    with visitor.tab() as tab:
        tab.opened("/", HOME)
        before = tab.cpu()
        for number in range(_ROUNDS):
            for what, time in _round(tab, number):
                taken.setdefault(what, []).append(time)
        burned = tab.cpu() - before
    every = sorted(time for times in taken.values() for time in times)
    return {
        **{f"  {what}, median ms": statistics.median(times) for what, times in taken.items()},
        "interactions, p95 ms": every[len(every) * 95 // 100],
        "  CPU of the page for each, ms": burned / len(every),
    }


def _round(tab: Tab, number: int) -> Iterator[tuple[str, float]]:
    """Each kind of interaction, on other rows than in the rounds before."""
    page = tab.page

    def button(name: str) -> Callable[[], None]:
        return page.get_by_role("button", name=name).first.click

    def link(name: str) -> Callable[[], None]:
        return page.get_by_role("link", name=name, exact=True).first.click

    def anew() -> str:
        return f"{_FIRST} && {_FIRST} !== {page.locator(_ROWS).first.text_content()!r}"

    yield "go to the table", tab.timed(link("Training jobs"), _FULL)
    yield "turn to the next page", tab.timed(button("Next page"), anew())
    by_name = page.get_by_role("columnheader", name="Name").get_by_role("button").first
    yield "sort", tab.timed(lambda: by_name.press("Enter"), anew())
    words = f"row-{1 + number % 9}{number // 9 or ''}"
    page.get_by_label("Find", exact=True).click()
    yield "type a letter", tab.timed(lambda: page.keyboard.press(words[0]), f"{_FIND}.value === {words[0]!r}")
    page.keyboard.type(words[1:])
    only = f"[...document.querySelectorAll({_ROWS!r})].every((row) => row.textContent.startsWith({words!r}))"
    yield "filter", tab.timed(lambda: page.keyboard.press("Enter"), f"{_FULL} && {only} && {_FIND}.value === ''")
    job = page.locator(_ROWS).nth(number + 1)
    shown = f"document.querySelector('h1')?.textContent.includes({job.text_content()!r})"
    yield "open a job", tab.timed(job.click, f"{shown} && document.querySelector('[role=tablist]')")
    for name, there in (
        ("Configuration", "document.querySelector('[aria-label=Hyperparameters]')"),
        ("Code", "document.querySelector('pre')"),
    ):
        yield "switch tab", tab.timed(page.get_by_role("tab", name=name).click, f"{there}?.checkVisibility()")
    yield "go back", tab.back(_FULL)
    form = "document.querySelector('h1')?.textContent === 'Create training job' && document.querySelector('form input')"
    yield "open the form", tab.timed(link("Create training job"), form)
    yield "go back", tab.back(_FULL)
    yield "go Home", tab.timed(link("Studio"), HOME)


def _cold(visitor: Visitor, path: str, test: str) -> float:
    with visitor.tab() as tab:
        return tab.opened(path, test)


def _clicked(visitor: Visitor) -> float:
    """Of a table whose program has not been fetched yet, as on the first click of a day."""
    with visitor.tab() as tab:
        tab.opened("/", HOME)
        tab.page.wait_for_timeout(1000)  # Home has what it asked for
        return tab.timed(tab.page.get_by_role("link", name="Training jobs", exact=True).first.click, _USABLE)


def _median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(_TIMES))
