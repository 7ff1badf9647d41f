"""What points AWS clients at the server: env, exec."""

from __future__ import annotations

import os
import shlex

import click

from salvia.core.domains import bypass
from salvia.core.passes import ADMINISTRATOR, password
from salvia.settings import Settings

from .group import cli, credentials, fail, running_settings

# botocore's, requests', OpenSSL's (Python, httpx), curl's, Node.js's
_CA_VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


def environment(settings: Settings) -> tuple[dict[str, str], list[str]]:
    """Variables to set, and those to unset because they would win over them."""
    keys = credentials(settings)
    proxy = settings.proxy(ADMINISTRATOR, password((settings.home / "secret.key").read_bytes(), ADMINISTRATOR))
    no_proxy = bypass(os.environ.get("NO_PROXY", os.environ.get("no_proxy", "")), *settings.names)
    exports = {
        "AWS_ENDPOINT_URL": settings.url,
        "AWS_ACCESS_KEY_ID": keys["access_key"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_key"],
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_REGION": settings.region,
        "HTTPS_PROXY": proxy,
        "https_proxy": proxy,
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        **dict.fromkeys(_CA_VARIABLES, str(settings.ca_bundle)),
    }
    unset = [
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    ]
    unset += sorted(name for name in os.environ if name.startswith("AWS_ENDPOINT_URL_"))
    return exports, unset


@cli.command()
def env() -> None:
    """Print what points AWS clients at Salvia: eval "$(salvia env)"."""
    exports, unset = environment(running_settings())
    for name in unset:
        click.echo(f"unset {name}")
    for name, value in exports.items():
        click.echo(f"export {name}={shlex.quote(value)}")


@cli.command("exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(command: tuple[str, ...]) -> None:
    """Run a command with the variables of `salvia env`: salvia exec -- aws s3 ls."""
    exports, unset = environment(running_settings())
    variables = {name: value for name, value in os.environ.items() if name not in unset} | exports
    try:
        os.execvpe(command[0], list(command), variables)
    except FileNotFoundError:
        fail(f"there is no command {command[0]}.", 127)
    except OSError as error:
        fail(f"{command[0]} cannot be run: {error.strerror}.", 126)
