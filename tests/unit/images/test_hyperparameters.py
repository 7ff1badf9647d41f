"""Hyperparameters against an image's schema. Types: API_HyperParameterSpecification."""

from __future__ import annotations

import pytest

from salvia.images.hyperparameters import check, parse, specified

SCHEMA = [
    parse({"name": "eta", "type": "Continuous", "range": [0, 1], "default": 0.3, "aliases": ["rate"]}),
    parse({"name": "subsample", "type": "Continuous", "range": [0, 1], "above": 0}),
    parse({"name": "gamma", "type": "Continuous", "range": [0, float("inf")]}),
    parse({"name": "num_round", "type": "Integer", "range": [1, float("inf")], "required": True}),
    parse({"name": "booster", "type": "Categorical", "values": ["gbtree", "dart"], "default": "gbtree"}),
    parse({"name": "metric", "type": "FreeText", "values": ["auc"], "pattern": "ndcg@[0-9]+", "list": True}),
    parse({"name": "constraints", "type": "FreeText"}),
]


def problems(**given: str) -> list[str]:
    return check(SCHEMA, {"num_round": "10", **given})


def test_what_is_allowed_has_no_problems() -> None:
    """Every value is text, as in a request."""
    assert problems(eta="0.5", subsample="1", gamma="1e9", booster="dart", constraints="(1,-1)") == []


@pytest.mark.parametrize("value", ["-0.1", "1.0001", "inf", "-1e400"])
def test_a_number_out_of_range_names_the_range(value: str) -> None:
    """The sentence is AWS's algorithm toolkit's."""
    assert problems(eta=value) == [f"Hyperparameter eta: {value} is not in [0, 1]"]


def test_an_open_end_is_outside() -> None:
    """`above = 0` in an image.toml."""
    assert problems(subsample="0") == ["Hyperparameter subsample: 0 is not in (0, 1]"]


@pytest.mark.parametrize("value", ["", "many", "1_0", "nan", "0x10", "1.5"])
def test_what_is_no_integer_is_said_so(value: str) -> None:
    """Python's own notations are nobody's here."""
    assert problems(num_round=value) == [f"Hyperparameter num_round: could not parse value '{value}' as Integer"]


def test_an_integer_may_be_written_as_tuners_do() -> None:
    """Hyperparameter tuning hands integers over as "5.0" at times."""
    assert problems(num_round="5.0") == []


def test_a_choice_that_is_none_lists_the_choices() -> None:
    """Categorical."""
    assert problems(booster="tree") == ["Hyperparameter booster: tree is not in ['gbtree', 'dart']"]


def test_a_list_is_checked_item_by_item() -> None:
    """Each is one of the values, or has the form."""
    assert problems(metric="auc, ndcg@5") == []
    assert problems(metric="auc,ndcg") == ["Hyperparameter metric: ndcg is not in ['auc']"]


def test_another_name_will_do() -> None:
    """XGBoost knows eta as learning_rate too."""
    assert problems(rate="0.5") == []
    assert problems(rate="2") == ["Hyperparameter eta: 2 is not in [0, 1]"]


def test_a_misspelt_name_gets_a_hint() -> None:
    """AWS's sentence, and what was probably meant."""
    assert problems(etaa="1") == ["Extraneous hyperparameter found: etaa. Did you mean eta?"]


def test_a_missing_one_is_named() -> None:
    """AWS's sentence."""
    assert check(SCHEMA, {}) == ["Missing required hyperparameter: num_round"]


def test_all_problems_are_told_at_once() -> None:
    """Not one a launch."""
    assert len(problems(eta="2", booster="x", unknown="1")) == 3


def test_what_sdks_and_tuners_add_passes() -> None:
    """As AWS's toolkit lets it."""
    assert problems(sagemaker_region="us-east-1", _tuning_objective_metric="validation:rmse") == []


def test_with_a_script_hyperparameters_are_the_script_s() -> None:
    """Script mode: wire facts, 'Which operations a feature needs'."""
    assert check(SCHEMA, {"sagemaker_program": '"train.py"', "anything": "goes"}) == []


def test_long_values_are_cut() -> None:
    """A value may have 2,500 characters; a reason has 1,024."""
    (said,) = problems(eta="9" * 2500)
    assert len(said) < 200


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"name": "a", "type": "Float"}, "needs a name and a type of Integer"),
        ({"name": "a", "type": "Integer", "rang": [1, 2]}, "unknown members ['rang']"),
        ({"name": "a", "type": "Integer", "range": [1]}, "is no range"),
        ({"name": "a", "type": "Integer", "range": [2, 1]}, "its range is empty"),
        ({"name": "a", "type": "Integer", "range": [1, 2], "default": 3}, "default is not allowed"),
    ],
)
def test_a_broken_entry_says_what_is_wrong(entry: dict[str, object], says: str) -> None:
    """An author of an image reads it."""
    with pytest.raises(ValueError, match=says.replace("[", r"\[").replace("]", r"\]")):
        parse(entry)


def test_an_algorithm_of_one_s_own_declares_the_same() -> None:
    """HyperParameterSpecification of CreateAlgorithm; what SDKs add of their own accord is refused where told so."""
    bounds = {"ContinuousParameterRangeSpecification": {"MinValue": "0", "MaxValue": "1"}}
    eta = specified({"Name": "eta", "Type": "Continuous", "Range": bounds, "IsRequired": True})
    assert eta == parse({"name": "eta", "type": "Continuous", "range": [0, 1], "required": True})
    given = {"eta": "2", "sagemaker_program": "mine.py", "_tuning_objective_metric": "loss"}
    assert check([eta], given, ("_tuning",)) == [
        "Hyperparameter eta: 2 is not in [0, 1]",
        "Extraneous hyperparameter found: sagemaker_program",
    ]
