"""Which image a registry name means.

`ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG`, as AWS's guide lists them for every algorithm and
region ("Docker Registry Paths and Example Code"), finds the folder of `containers/` that answers to it.
"""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ..core.errors import ServiceError
from . import registries as declared
from .image import Image, ImageError, default_folder, read
from .registries import Registries

_log = logging.getLogger("salvia.images")
# The domains of AWS's partitions: botocore's partitions.json.
_DOMAIN = r"amazonaws\.(?:com(?:\.cn)?|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|csp\.hci\.ic\.gov|cloud\.adc-e\.uk"
_HOST = rf"(?P<account>[0-9]{{12}})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:{_DOMAIN})"
_REPOSITORY = r"(?P<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
_URI = re.compile(rf"{_HOST}/{_REPOSITORY}(?::(?P<tag>[\w][\w.-]{{0,127}}))?(?:@(?P<digest>sha256:[0-9a-f]{{64}}))?")
_ACCELERATED = re.compile(r"(?:^|[-.])(gpu|neuronx?|inf[12]|trn[12]|cu[0-9]+)(?=$|[-.])")
_LONGEST = 512


class Name(NamedTuple):
    """The parts of a registry name; the tag is `latest` where none is written."""

    account: str
    region: str
    repository: str
    tag: str


class Catalogue:
    """The images of some folders, read when it is made; a later folder's hides an earlier one's of its name.

    A broken one is left out, and logged.
    """

    def __init__(self, *folders: Path) -> None:
        registries = _registries(*folders)
        found = (image for folder in folders or (default_folder(),) for image in _read_all(folder, registries))
        self._images = {image.name: image for image in found}

    def __iter__(self) -> Iterator[Image]:
        return iter(self._images.values())

    def get(self, name: str) -> Image | None:
        """The image with this name of ours (`xgboost`)."""
        return self._images.get(name)

    def known(self, uri: str) -> Image | None:
        """The image that answers to a registry name, if there is one."""
        name = parse(uri)
        if name is None:
            return None
        accelerated = _ACCELERATED.search(name.tag) is not None
        for image in self:
            for answer in image.answers_to:
                if answer.repository == name.repository and answer.covers(name.account) and answer.has(name.tag):
                    return image if not accelerated or name.tag in answer.tags else None
        return None

    def find(self, uri: str) -> Image:
        """The image that answers to a registry name.

        Raises ServiceError (ValidationException) when the name is malformed, nobody answers to it, or it is
        for an accelerator that the image does not use; the message names the nearest that would do.
        """
        name, image = parse(uri), self.known(uri)
        if name is not None and image is not None:
            return image.asked_as(name.tag)
        if name is None:
            raise self._unknown(uri, f"'{uri[:_LONGEST]}' is not the name of an image in a registry")
        answers = [
            (image, answer)
            for image in self
            for answer in image.answers_to
            if answer.repository == name.repository and answer.covers(name.account)
        ]
        accelerator = _ACCELERATED.search(name.tag)
        for image, answer in answers:
            if answer.has(name.tag) and accelerator is not None:
                raise self._accelerated(uri, accelerator[1], image)
        if accelerator is not None and answers:
            raise self._accelerated(uri, accelerator[1], answers[0][0])
        elsewhere = {
            account
            for image in self
            for answer in image.answers_to
            if answer.repository == name.repository
            for account in answer.accounts
        }
        what = f"No image is known for '{uri}'"
        if any(answer.had(name.tag) for _, answer in answers):
            what = f"The version of '{uri}' is retired, and no image here stands in for it"
        if elsewhere and not answers:
            what += f": account {name.account} is none of AWS's for {name.repository}, such as {min(elsewhere)}"
        raise self._unknown(uri, what)

    def _accelerated(self, uri: str, what: str, image: Image) -> ServiceError:
        plain = re.sub(r"-gpu(?=-|$)", "-cpu", re.sub(r"-cu[0-9]+(?=-|$)", "", uri))
        return ServiceError(
            "ValidationException",
            f"The image '{uri}' is built for an accelerator ({what}), which the image {image.name} of this "
            f"service does not use. Name the version for CPUs, such as '{plain}'.",
        )

    def _unknown(self, uri: str, what: str) -> ServiceError:
        known = {f"{answer.repository}:{tag}" for image in self for answer in image.answers_to for tag in answer.tags}
        wanted = uri[:_LONGEST].rpartition("/")[2] if "/" in uri else uri[:_LONGEST]
        repositories = {entry.partition(":")[0] for entry in known}
        near = difflib.get_close_matches(wanted, known, 3, 0.5)
        if not near:
            close = difflib.get_close_matches(wanted.partition(":")[0], repositories, 3, 0.5) or sorted(repositories)
            near = [min(entry for entry in known if entry.startswith(f"{name}:")) for name in close]
        return ServiceError(
            "ValidationException",
            f"{what}. The nearest that this service has: {', '.join(near) or 'none at all'}, written as "
            "ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG with AWS's registry account. Images of your "
            "own need a container runtime, which this version does not have yet.",
        )


def parse(uri: str) -> Name | None:
    """Take a registry name apart; None when it is none."""
    found = _URI.fullmatch(uri) if len(uri) <= _LONGEST else None
    if found is None:
        return None
    return Name(found["account"], found["region"], found["repository"], found["tag"] or "latest")


def _registries(*folders: Path) -> Registries:
    """The shipped ones and those of `folders`; what is broken is left out, and logged."""
    found: dict[str, Mapping[str, str]] = {}
    for folder in (default_folder(), *folders):
        try:
            found |= declared.read(folder)
        except ValueError as error:
            _log.error("registries left out: %s", error, extra={"event": "broken-registries"})
    return found


def _read_all(folder: Path, registries: Registries) -> Iterator[Image]:
    for path in sorted(folder.glob("*/image.toml")):
        try:
            yield read(path.parent, registries)
        except ImageError as error:  # one broken folder must not take the server, or the other images, along
            _log.error("image left out: %s", error, extra={"event": "broken-image"})
