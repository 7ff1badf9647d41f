"""Images: which there are, what stands of them, building and pruning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from salvia.settings import default_home

from .group import cli, fail

if TYPE_CHECKING:
    from salvia.images.builder import Builder, Environment
    from salvia.images.kept import Kept
    from salvia.runtimes.overlays import Overlay


def _builder() -> Builder:
    from salvia.images.builder import Builder

    return Builder(default_home() / "images")


def _kept() -> list[Kept]:
    from salvia.images.kept import kept

    return kept((default_home() / "images").resolve(), default_home() / "runtime" / "instances")


def _overlays() -> list[Overlay]:
    from salvia.runtimes.overlays import kept

    return kept(default_home() / "overlays", default_home() / "runtime" / "instances")


@cli.group(invoke_without_command=True)
@click.pass_context
def images(context: click.Context) -> None:
    """The images that Salvia has: whether their environments are built, their size, and who uses them."""
    if context.invoked_subcommand:
        return
    from salvia.app import catalogue
    from salvia.images.builder import PACKAGES

    builder = _builder()
    found = {one.path.name: one for one in _kept()}
    wanted: set[str] = set()
    for image in catalogue(default_home()):
        names, why = builder.names(image)
        wanted.update(names or ())
        _show(image.name, found.get(names.program) if names and names.packages in found else None, why)
    for name, one in found.items():
        if name.startswith(PACKAGES) or name not in wanted:
            _show(name, one, "" if name in wanted else "no image is built to it: `salvia images prune`")
    for overlay in _overlays():
        _show_overlay(overlay)


def _show(name: str, one: Kept | None, note: str = "") -> None:
    state, size = (one.state, f"{one.size / 2**20:,.0f} MiB") if one else ("not built yet", "")
    users = f"used by {', '.join(one.users)}" if one and one.users else ""
    click.echo(f"{name:30} {state:14} {size:>10}  {users or note}".rstrip())


def _show_overlay(one: Overlay) -> None:
    from datetime import datetime

    used = datetime.fromtimestamp(one.used_at).astimezone().strftime("%Y-%m-%d %H:%M")
    note = f"packages of {one.role}'s jobs, last used {used}"
    users = f"; may be used by {', '.join(one.users)}" if one.users else ""
    click.echo(f"{_overlay_name(one):30} {'overlay':14} {one.size / 2**20:>6,.0f} MiB  {note}{users}")


def _overlay_name(one: Overlay) -> str:
    return f"overlay-{one.path.parent.name[:8]}-{one.path.name[:8]}"


@images.command()
@click.argument("names", nargs=-1, required=True)
def build(names: tuple[str, ...]) -> None:
    """Build the environments of images now, side by side, rather than at their first jobs."""
    import asyncio

    from salvia.app import catalogue
    from salvia.images.builder import BuildError

    known = catalogue(default_home())
    wanted = [image for name in names if (image := known.get(name))]
    for name in names:
        if known.get(name) is None:
            fail(f"there is no image {name}. There are: {', '.join(image.name for image in known)}.", 2)
    builder = _builder()

    async def every() -> list[Environment | BaseException]:
        said = [builder.build(image, lambda line: click.echo(line, err=True)) for image in wanted]
        return await asyncio.gather(*said, return_exceptions=True)

    results = asyncio.run(every())
    for image, result in zip(wanted, results, strict=True):
        if not isinstance(result, BaseException):
            click.echo(f"{image.name}: {result.path}")
    for problem in results:
        if isinstance(problem, BaseException) and not isinstance(problem, BuildError):
            raise problem
    if problems := [str(result) for result in results if isinstance(result, BuildError)]:
        fail("\n".join(problems))


@images.command()
@click.option("--days", default=30.0, show_default=True, help="How long an overlay must not have been used.")
def prune(days: float) -> None:
    """Delete environments and overlays that nobody will ask for, and that no instance uses.

    These are the environments that no image is built to any more, and overlays above them, or long unused.
    """
    from salvia.app import catalogue
    from salvia.images.kept import prune as delete
    from salvia.runtimes.overlays import prune as delete_overlays

    builder = _builder()
    wanted = [name for image in catalogue(default_home()) for name in builder.names(image)[0] or ()]
    for one in delete(_kept(), wanted):
        click.echo(f"{one.path.name}: {one.size / 2**20:,.0f} MiB")
    for overlay in delete_overlays(_overlays(), wanted, days):
        click.echo(f"{_overlay_name(overlay)}: {overlay.size / 2**20:,.0f} MiB")
