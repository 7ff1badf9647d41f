"""The price sheet: AWS's, and a user's own over it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from salvia.control.cost import sheet
from salvia.runtimes import instance_types


@pytest.mark.parametrize(
    ("component", "item", "amount", "where"),
    [
        ("Training", "ml.m5.large", "0.115", "USE1-Train:ml.m5.large"),
        ("Hosting", "ml.m5.xlarge", "0.23", "component Hosting"),
        ("Serverless", "2048", "0.00004", "ML Serverless"),
        ("Storage", "Training", "0.14", "gp2 volumes"),
    ],
)
def test_a_price_has_its_source(component: str, item: str, amount: str, where: str) -> None:
    """AWS Price List, offer AmazonSageMaker, us-east-1, read in August and September 2026."""
    price = sheet.aws().price(component, item)
    assert price is not None
    assert price.amount == Decimal(amount)
    assert where in price.source
    assert "2026-0" in price.source


def test_a_derived_price_says_by_what() -> None:
    derived = sheet.aws().price("Training", "ml.c4.xlarge")
    assert derived is not None and derived.formula.startswith("price of the same type under component Hosting")
    as_another = sheet.aws().price("Tuning", "ml.m5.large")
    assert as_another is not None and (as_another.amount, as_another.formula) == (Decimal("0.115"), "as Training")


@pytest.mark.parametrize(
    ("component", "item"),
    [
        ("Training", "ml.p5.4xlarge"),
        ("Data", "TransformIn"),
        ("Transform", "ml.p2.xlarge"),
        ("Hosting", "ml.unheard.of"),
    ],
)
def test_what_nobody_says_is_unknown(component: str, item: str) -> None:
    """No source gives a figure."""
    assert sheet.aws().price(component, item) is None


def test_every_instance_type_of_the_sheet_is_one() -> None:
    """And every price names sources that the sheet has: `price` would raise."""
    for component, priced in sheet._written()["components"].items():
        for item in priced["items"]:
            sheet.aws().price(component, item)
            if priced["unit"] == "instance-hour" and component != "Cluster":
                assert item in instance_types.names(), (component, item)


def own(tmp_path: Path, text: str) -> str:
    path = tmp_path / "prices.json"
    path.write_text(text)
    return str(path)


def test_ones_own_sheet_comes_first(tmp_path: Path) -> None:
    prices = sheet.read(own(tmp_path, '{"Training": {"ml.m5.large": 0.01, "*": 0.5}, "WarmPool": {"*": 0}}'))

    def amount(component: str, item: str) -> Decimal | None:
        found = prices.price(component, item)
        return found.amount if found else None

    assert amount("Training", "ml.m5.large") == Decimal("0.01")
    assert amount("Training", "ml.p5.4xlarge") == Decimal("0.5"), "AWS's is unknown, one's own is not"
    assert amount("Tuning", "ml.m5.large") == Decimal("0.01"), "tuning costs what training does"
    assert amount("WarmPool", "ml.m5.large") == 0
    assert amount("Hosting", "ml.m5.large") == Decimal("0.115"), "what it does not name has AWS's price"
    assert sheet.read("") is sheet.aws()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is not JSON"),
        ("[]", "USD by component and item"),
        ('{"Trainin": {}}', "no component Trainin. There are: Training, Hosting"),
        ('{"Training": 3}', 'Training reads {"ITEM": USD}'),
        ('{"Training": {"ml.m5.larg": 1}}', "Training has no item ml.m5.larg"),
        ('{"Training": {"*": -1}}', "a number of USD, from 0 to 1000000"),
        ('{"Training": {"*": "1"}}', "a number of USD, from 0 to 1000000"),
        ('{"Training": {"*": true}}', "a number of USD, from 0 to 1000000"),
        ('{"Training": {"*": 1e999999999}}', "a number of USD, from 0 to 1000000"),
        ('{"Training": {"*": NaN}}', "a number of USD, from 0 to 1000000"),
    ],
)
def test_a_wrong_sheet_is_said(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match="The price sheet") as refused:
        sheet.read(own(tmp_path, text))
    assert sentence in str(refused.value)


def test_a_sheet_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        sheet.read(str(tmp_path / "none.json"))
