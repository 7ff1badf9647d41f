"""Studio: studio."""

from __future__ import annotations

import webbrowser

import click

from .group import ask, cli


@cli.command()
@click.option("--link", is_flag=True, help="Print the link rather than open it: for a browser elsewhere.")
def studio(link: bool) -> None:
    """Open Studio in the browser, signed in: by a link that is good once, for five minutes."""
    url = ask("CreateSignInLink")["AuthorizedUrl"]
    if link or not webbrowser.open(url):
        click.echo(url)
