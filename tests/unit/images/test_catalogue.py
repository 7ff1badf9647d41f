"""Registry names to images."""

from __future__ import annotations

from pathlib import Path

import pytest

from salvia.core.errors import ServiceError
from salvia.images.catalogue import Catalogue, default_folder, parse
from salvia.images.image import ImageError, read

TOML = """
name = "trees"
python = ">=3.11"
train = ["python", "-m", "trees.train"]

[[answers_to]]
repository = "sagemaker-trees"
tags = ["1", "1.7-*", "2.0-1-gpu-py3"]
accounts = ["683313688378", "257758044811"]

[[answers_to]]
repository = "open"
tags = ["*"]

[[hyperparameter]]
name = "depth"
type = "Integer"
range = [1, 9]

[[metric]]
name = "train:rmse"
regex = "rmse:([0-9.]+)"
"""
AWS = "683313688378.dkr.ecr.us-east-1.amazonaws.com"


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    write(tmp_path, TOML)
    return Catalogue(tmp_path)


def write(folder: Path, text: str) -> None:
    (folder / "trees").mkdir(exist_ok=True)
    (folder / "trees" / "image.toml").write_text(text)


@pytest.mark.parametrize(
    "uri",
    [
        f"{AWS}/sagemaker-trees:1",
        f"{AWS}/sagemaker-trees:1.7-1",
        f"{AWS}/sagemaker-trees:1.7-1-cpu-py3",
        f"{AWS}/sagemaker-trees:1@sha256:{'0' * 64}",
        "257758044811.dkr.ecr.us-east-2.amazonaws.com/sagemaker-trees:1",
        "257758044811.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-trees:1",
        "257758044811.dkr.ecr-fips.us-gov-west-1.amazonaws.com/sagemaker-trees:1",
        "999999999999.dkr.ecr.us-east-1.amazonaws.com/open:whatever",
        "999999999999.dkr.ecr.us-east-1.amazonaws.com/open",
        f"{AWS}/sagemaker-trees:2.0-1-gpu-py3",
    ],
)
def test_a_name_that_it_answers_to_finds_the_image(catalogue: Catalogue, uri: str) -> None:
    """AWS's guide, 'Docker Registry Paths and Example Code'; a GPU tag only where it is listed itself."""
    assert catalogue.find(uri).name == "trees"


def test_an_unknown_image_is_told_with_the_nearest(catalogue: Catalogue) -> None:
    """Promised: an image that nobody has gives AWS's own error with cause and remedy."""
    with pytest.raises(ServiceError, match="sagemaker-trees:1") as raised:
        catalogue.find(f"{AWS}/sagemaker-tres:1")
    assert raised.value.code == "ValidationException"
    assert raised.value.status == 400


def test_an_unknown_tag_is_told_with_the_known(catalogue: Catalogue) -> None:
    """The repository is right."""
    with pytest.raises(ServiceError, match=r"sagemaker-trees:1\.7-\*"):
        catalogue.find(f"{AWS}/sagemaker-trees:9.9")


def test_somebody_else_s_registry_is_told_with_aws_s(catalogue: Catalogue) -> None:
    """The image of that name in one's own account is another image."""
    with pytest.raises(ServiceError, match=r"account 111122223333 is none of AWS's .* 257758044811"):
        catalogue.find("111122223333.dkr.ecr.us-east-1.amazonaws.com/sagemaker-trees:1")


def test_an_image_for_accelerators_is_refused_by_name(catalogue: Catalogue) -> None:
    """Even though `1.7-*` would match it; the CPU name is offered."""
    with pytest.raises(ServiceError, match=r"accelerator \(gpu\).*sagemaker-trees:1\.7-1-cpu-py3"):
        catalogue.find(f"{AWS}/sagemaker-trees:1.7-1-gpu-py3")


@pytest.mark.parametrize(
    "uri",
    ["", "trees", "trees:1", f"{AWS}/", f"{AWS}/../x:1", f"http://{AWS}/a:1", "x" * 10_000, f"{AWS}/a:1\n"],
)
def test_what_is_no_registry_name_is_refused(catalogue: Catalogue, uri: str) -> None:
    """Without repeating all of it."""
    assert parse(uri) is None
    with pytest.raises(ServiceError, match="not the name of an image") as raised:
        catalogue.find(uri)
    assert len(raised.value.message) < 1200


def test_a_later_folder_hides_an_earlier_one_s_image(tmp_path: Path) -> None:
    """One's own images in the data directory come after those that are shipped."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, TOML)
    assert Catalogue(tmp_path / "first", tmp_path / "second").find(f"{AWS}/sagemaker-trees:1").folder == (
        tmp_path / "second" / "trees"
    )


def test_a_folder_that_is_not_there_has_no_images(tmp_path: Path) -> None:
    """Nobody needs images of their own."""
    assert list(Catalogue(tmp_path / "none")) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = ", "image.toml: "),
        ("train = []", "lacks 'name'"),
        ('name = "No Good"', "must be made of a-z"),
        ('name = "a"\ncolour = 1', "unknown members"),
        ('name = "a"\n[[metric]]\nname = "m"\nregex = "("', "no regular expression"),
        ('name = "a"\ntrain = "python"', "must be a list of texts"),
        (
            'name = "a"\n[[answers_to]]\nrepository = "a"\nregistry = "nobody"\ntags = []',
            "registry 'nobody' is in no registries.toml; there are .*'frameworks'",
        ),
        ('name = "a"\nport = 80800', "must be a number from 1 to 65535"),
        ('name = "a"\n[[hyperparameter]]\nname = "h"\ntype = "Float"', "hyperparameter 'h'"),
    ],
)
def test_a_broken_image_toml_names_file_and_member(tmp_path: Path, text: str, says: str) -> None:
    """An author of an image reads it."""
    write(tmp_path, text)
    with pytest.raises(ImageError, match=says) as raised:
        read(tmp_path / "trees")
    assert "trees/image.toml" in str(raised.value)


def test_the_shipped_images_are_sound() -> None:
    """Each can be read, and answers to something; but for the one that no request names."""
    shipped = {image.name: image for image in Catalogue(default_folder())}
    assert shipped.pop("jupyterlab").serve
    assert shipped
    assert all(image.answers_to and image.train and image.lock.is_file() for image in shipped.values())


def test_the_documented_example_finds_its_image() -> None:
    """The image of AWS's create-training-job example, wire facts."""
    name = "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:latest"
    assert Catalogue().find(name).name == "xgboost"


def test_a_registry_is_declared_once_for_many_images(tmp_path: Path) -> None:
    """`registry` names a table of registries.toml, of the folder or of those that are shipped."""
    own = '[ours]\nus-east-1 = "111122223333"\n'
    (tmp_path / "registries.toml").write_text(own)
    entry = '[[answers_to]]\nrepository = "{0}"\nregistry = "{0}"\ntags = ["1"]\n'
    write(tmp_path, 'name = "trees"\n' + entry.format("ours") + entry.format("frameworks"))
    catalogue = Catalogue(tmp_path)
    assert catalogue.find("111122223333.dkr.ecr.us-east-1.amazonaws.com/ours:1").name == "trees"
    assert catalogue.find(f"{AWS}/frameworks:1").name == "trees"
    with pytest.raises(ServiceError, match="account 683313688378 is none of"):
        catalogue.find(f"{AWS}/ours:1")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[ours", "registries.toml: "),
        ('ours = "111122223333"', "'ours' must be a table"),
        ('[ours]\nus-east-1 = "1111"', "ours.us-east-1 must be an account's twelve digits, not '1111'"),
    ],
)
def test_a_broken_registries_toml_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, says: str
) -> None:
    """It must not take the shipped ones along; the log names file and member."""
    (tmp_path / "registries.toml").write_text(text)
    write(tmp_path, TOML)
    assert Catalogue(tmp_path).find(f"{AWS}/sagemaker-trees:1").name == "trees"
    assert says in caplog.text


def test_a_retired_tag_is_refused_by_name(tmp_path: Path) -> None:
    """Also where a pattern of the tags would match it."""
    write(tmp_path, TOML.replace('tags = ["*"]', 'tags = ["*"]\nretired = ["0.*"]'))
    catalogue = Catalogue(tmp_path)
    assert catalogue.find(f"{AWS}/open:1.0").name == "trees"
    with pytest.raises(ServiceError, match=r"The version of '.*/open:0\.20\.0-cpu-py3' is retired"):
        catalogue.find(f"{AWS}/open:0.20.0-cpu-py3")


@pytest.mark.parametrize(
    ("tag", "notice"),
    [
        ("2.6.0-cpu-py312", "trees 2.13.0 runs here; the image's tag 2.6.0-cpu-py312 asks for 2.6.0."),
        ("2.13-cpu-py3", None),
        ("2.1-cpu", "trees 2.13.0 runs here; the image's tag 2.1-cpu asks for 2.1."),
        ("latest", None),
        (
            "2.6.0-transformers4.51.3-cpu",
            "trees 2.13.0 runs here; the image's tag 2.6.0-transformers4.51.3-cpu asks for 2.6.0-transformers4.51.3.",
        ),
        ("1", None),
    ],
)
def test_another_version_than_the_tag_s_is_said(tmp_path: Path, tag: str, notice: str | None) -> None:
    """The nearest is the only one: the agent is told to say so in the log."""
    write(tmp_path, TOML.replace('name = "trees"', 'name = "trees"\nversion = "2.13.0"'))
    assert Catalogue(tmp_path).find(f"{AWS}/open:{tag}").environment.get("SALVIA_NOTICE") == notice


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("tensorflow-training:2.19.0-cpu-py312", "tensorflow"),
        ("tensorflow-training:2.16-cpu-py310", "tensorflow"),
        ("tensorflow-inference:2.16.1-cpu", "tensorflow"),
        ("huggingface-pytorch-training:2.8.0-transformers4.56.2-cpu-py312-ubuntu22.04", "huggingface"),
        ("huggingface-pytorch-inference:1.13.1-transformers4.26.0-cpu-py39-ubuntu20.04", "huggingface"),
        ("tensorflow-training:2.19.0-gpu-py312", "tensorflow-training:2.19.0-cpu-py312"),
        (
            "huggingface-pytorch-training:2.8.0-transformers4.56.2-gpu-py312-cu129-ubuntu22.04",
            "huggingface-pytorch-training:2.8.0-transformers4.56.2-cpu-py312-ubuntu22.04",
        ),
        ("tensorflow-training:1.15.5-cpu-py3", "is retired"),
        ("tensorflow-inference-eia:2.3.0-cpu", "is retired"),
        ("huggingface-tensorflow-inference:2.11.1-transformers4.26.0-cpu-py39-ubuntu20.04", "is retired"),
    ],
)
def test_what_sdks_name_is_found_or_refused(name: str, image: str) -> None:
    """Tags of `image_uris.retrieve` of the SDKs 2 and 3: those for CPUs; the name for CPUs of those for GPUs."""
    shipped, uri = Catalogue(), f"763104351884.dkr.ecr.us-east-1.amazonaws.com/{name}"
    if " " in image or ":" in image:
        with pytest.raises(ServiceError, match=image):
            shipped.find(uri)
    else:
        assert shipped.find(uri).name == image
