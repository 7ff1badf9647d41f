"""Lines of a bill, of uses whose cost AWS's own pages give."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from salvia.control.cost import bill, sheet
from salvia.control.cost.bill import Line
from salvia.store.usage import Stretch, Use

NOVEMBER = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())
HOUR, DAY = 3_600, 86_400
EVER = (0, 2**40)


def stretch(use: Use, start: int, end: int | None, owner: str = "o") -> Stretch:
    return Stretch(owner, "us-east-1", f"arn:aws:sagemaker:us-east-1:1:x/{owner}", "", {}, use, start, end)


def own(tmp_path: Path, **prices: dict[str, float]) -> sheet.Sheet:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(prices))
    return sheet.read(str(path))


def total(lines: list[Line]) -> bill.Sum:
    return bill.grouped(lines, lambda line: ()).get((), bill.Sum())


@pytest.mark.parametrize(
    ("use", "seconds", "expected"),
    [
        (Use("Training", "ml.m5.large"), HOUR, "0.1150000000"),  # USE1-Train:ml.m5.large: 0.115 an hour
        (Use("Training", "ml.m5.large", 3), 1, "0.0000958333"),  # by the second: 3 x 0.115 / 3600
        (Use("Hosting", "ml.m5.xlarge", 2), 30 * DAY, "331.2000000000"),  # 2 x 720 h x 0.23
        (Use("ServerlessProvisioned", "2048", 10), HOUR, "0.3600000000"),  # 0.00001 a second of concurrency
        (Use("Serverless", "2048", 1500), 1, "0.0000600000"),  # 1500 ms, of 0.00004 a second
    ],
)
def test_an_instance_is_billed_by_the_second(use: Use, seconds: int, expected: str) -> None:
    """Amazon SageMaker pricing: on demand, "billed by the second, with no minimum fees and no upfront commitments"."""
    lines = list(bill.lines([stretch(use, NOVEMBER, NOVEMBER + seconds)], *EVER, sheet.aws()))
    assert bill.text(total(lines).cost) == expected
    assert total(lines).on_demand == total(lines).cost


def test_a_volume_is_billed_by_gb_months(tmp_path: Path) -> None:
    """Amazon EBS pricing, its example: 2000 GB for 12 hours of a month of 30 days at 0.10: $3.33."""
    prices = own(tmp_path, Training={"*": 0}, Storage={"Training": 0.10})
    use = Use("Training", "ml.m5.large", volume_gb=2000)
    lines = list(bill.lines([stretch(use, NOVEMBER, NOVEMBER + 12 * HOUR)], *EVER, prices))
    assert f"{total(lines).cost:.2f}" == "3.33"
    december = NOVEMBER + 30 * DAY
    longer = list(bill.lines([stretch(use, december, december + 31 * DAY)], *EVER, prices))
    assert round(total(longer).cost, 8) == 200, "a whole month is a month, however long"


def test_what_has_instance_storage_has_no_volume() -> None:
    """API_ResourceConfig: "When using an ML instance with NVMe SSD volumes, SageMaker doesn't provision Amazon EBS"."""
    use = Use("Training", "ml.g5.xlarge", volume_gb=50)
    lines = list(bill.lines([stretch(use, NOVEMBER, NOVEMBER + HOUR)], *EVER, sheet.aws()))
    assert [line.component for line in lines] == ["Training"]


def test_what_has_no_price_is_counted_apart(tmp_path: Path) -> None:
    use = Use("Training", "ml.p5.4xlarge", 2)
    lines = list(bill.lines([stretch(use, NOVEMBER, NOVEMBER + 2 * HOUR)], *EVER, sheet.aws()))
    found = total(lines).shown()
    what = [{"Component": "Training", "Item": "ml.p5.4xlarge", "Quantity": "4.0000000000", "Unit": "instance-hour"}]
    assert (found["Cost"], found["Unpriced"], found["OnDemandUnpriced"]) == ("0.0000000000", what, what)
    priced = total(
        list(bill.lines([stretch(use, NOVEMBER, NOVEMBER + 2 * HOUR)], *EVER, own(tmp_path, Training={"*": 1})))
    )
    assert (priced.shown()["Cost"], priced.shown()["Unpriced"]) == ("4.0000000000", [])
    assert priced.shown()["OnDemandUnpriced"] == what


def test_waiting_for_spot_instances_costs_nothing_and_would_have() -> None:
    """API_DescribeTrainingJob: billable 100 s of 500 s of training saves 80 %."""
    paid, waited = Use("Training", "ml.m5.large"), Use("Training", "ml.m5.large", paid=False)
    uses = [stretch(paid, NOVEMBER, NOVEMBER + 100), stretch(waited, NOVEMBER + 100, NOVEMBER + 500)]
    found = total(list(bill.lines(uses, *EVER, sheet.aws())))
    assert found.cost + found.saved == found.on_demand
    assert round(found.saved / found.on_demand * 100, 4) == 80
    assert found.seconds == 100


def test_what_runs_has_run_until_now() -> None:
    use = stretch(Use("Training", "ml.m5.large"), NOVEMBER, None)
    assert total(list(bill.lines([use], NOVEMBER, NOVEMBER + HOUR, sheet.aws()))).cost == Decimal("0.115")


def test_however_lines_are_grouped_they_add_up() -> None:
    """And however a time is cut at midnights."""
    chance = random.Random(7)
    types = ["ml.m5.large", "ml.c5n.xlarge", "ml.p5.4xlarge", "ml.g5.xlarge"]
    uses = []
    for number in range(200):
        start = NOVEMBER + chance.randrange(20 * DAY)
        use = Use(
            chance.choice(["Training", "Hosting", "WarmPool"]),
            chance.choice(types),
            chance.randint(1, 5),
            chance.choice("ab"),
            chance.randint(0, 99),
            paid=chance.random() < 0.8,
        )
        uses.append(stretch(use, start, chance.choice([None, start + chance.randint(1, 5 * DAY)]), str(number % 17)))
    now = NOVEMBER + 25 * DAY
    lines = list(bill.lines(uses, 0, now, sheet.aws()))
    whole = total(lines).shown()
    for key in (
        lambda line: (line.stretch.arn,),
        lambda line: (line.day,),
        lambda line: (line.component, line.item),
        lambda line: (line.stretch.use.part, line.day),
    ):
        groups = bill.grouped(lines, key).values()
        for member in ("cost", "on_demand", "saved", "seconds"):
            assert sum(getattr(group, member) for group in groups) == getattr(total(lines), member)
        assert sum(sum(group.unpriced.values()) for group in groups) == sum(total(lines).unpriced.values())
    days = range(NOVEMBER, now, DAY)
    cut = [line for day in days for line in bill.lines(uses, day, day + DAY, sheet.aws())]
    assert total(cut).shown() == whole
