"""Images: which there are, and building one."""

from __future__ import annotations

import click

from salvia.settings import default_home

from .group import cli, fail


@cli.group(invoke_without_command=True)
@click.pass_context
def images(context: click.Context) -> None:
    """The images that Salvia has, and whether their environments are built."""
    if context.invoked_subcommand:
        return
    from salvia.app import catalogue
    from salvia.images.builder import Builder

    builder = Builder(default_home() / "images")
    for image in catalogue(default_home()):
        click.echo(f"{image.name:24} {'built' if builder.built(image) else 'not built yet'}")


@images.command()
@click.argument("name")
def build(name: str) -> None:
    """Build the environment of an image now, rather than at its first job."""
    import asyncio

    from salvia.app import catalogue
    from salvia.images.builder import Builder, BuildError

    known = catalogue(default_home())
    image = known.get(name)
    if image is None:
        fail(f"there is no image {name}. There are: {', '.join(image.name for image in known)}.", 2)
    try:
        builder = Builder(default_home() / "images")
        built = asyncio.run(builder.build(image, lambda line: click.echo(line, err=True)))
    except BuildError as error:
        fail(str(error))
    click.echo(f"{image.name}: {built.path}")
