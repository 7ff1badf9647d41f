"""The XGBoost image on several hosts: one model, or one clear reason why there is none."""

from __future__ import annotations

import json
import shutil
import signal
import time

import pytest

from .conftest import Image, addresses, diabetes_rows

ROWS = diabetes_rows()
TRAIN, TEST = ROWS[:342], ROWS[342:]


def scored(xgboost: Image, model: object, rounds: int = 10, **parameters: object) -> dict:
    (xgboost.tmp / "train.csv").write_text("\n".join(TRAIN))
    (xgboost.tmp / "test.csv").write_text("\n".join(TEST))
    return xgboost.measure(
        train=xgboost.tmp / "train.csv",
        test=xgboost.tmp / "test.csv",
        models=[model],
        rounds=rounds,
        parameters=parameters,
    )


@pytest.mark.parametrize("distribution", ["FullyReplicated", "ShardedByS3Key"])
def test_two_hosts_train_one_model_as_good_as_xgboost_directly(xgboost: Image, distribution: str) -> None:
    """Issue "The main job": its score equals direct XGBoost's with the same parameters, within noise."""
    parts = {f"train/part-{n}.csv": "\n".join(TRAIN[n::4]) for n in range(4)}
    names = list(parts)
    sharded = [{name: parts[name] for name in names[host::2]} for host in (0, 1)]
    files = [parts, parts] if distribution == "FullyReplicated" else sharded
    first, second = xgboost.run_together(files, {"num_round": "20"}, S3DistributionType=distribution)

    assert first.code == second.code == 0, first.log + second.log
    assert len(first.metric_lines) == 20 and second.metric_lines == []
    assert not second.model.exists()
    told = scored(xgboost, first.model, 20)
    assert told["models"][0] <= 1.02 * told["direct"]
    assert ("each works on a share" in first.log) == (distribution == "FullyReplicated")


def test_replicated_rows_count_once(xgboost: Image) -> None:
    """With min_child_weight at half the rows no tree can split; counted twice, the rows would allow one."""
    files = {"train/a.csv": "\n".join(TRAIN)}
    first, _ = xgboost.run_together([files, files], {"num_round": "3", "min_child_weight": "200"})

    assert first.code == 0, first.log
    assert scored(xgboost, first.model, 3, min_child_weight=200)["apart"][0] < 0.01


def test_a_host_without_files_takes_part(xgboost: Image) -> None:
    """ShardedByS3Key with fewer objects than instances."""
    files = [
        {"train/a.csv": "\n".join(TRAIN), "validation/b.csv": "\n".join(TEST)},
        {"train/_none": "", "validation/_none": ""},
    ]
    outcomes = xgboost.run_together(
        files, {"num_round": "4", "eval_metric": "rmse,mse,r2"}, S3DistributionType="ShardedByS3Key"
    )

    assert [one.code for one in outcomes] == [0, 0], outcomes[0].log + outcomes[1].log
    assert scored(xgboost, outcomes[0].model, 4)["apart"][0] < 0.01
    rmse, mse, _ = (float(one.split(":")[1]) for one in outcomes[0].metric_lines[-1].split("#011")[4:])
    assert mse == pytest.approx(rmse**2, rel=1e-4)


def test_hosts_agree_on_the_features_of_sparse_rows(xgboost: Image) -> None:
    """In libsvm a host sees only the indices of its own rows."""
    files = [
        {"train/a.svm": "".join(f"{n % 5} 0:{n % 5}\n" for n in range(50))},
        {"train/b.svm": "".join(f"{n % 5} 0:{n % 5} 7:{n % 3}\n" for n in range(50))},
    ]
    outcomes = xgboost.run_together(files, {"num_round": "3"}, "libsvm", S3DistributionType="ShardedByS3Key")

    assert [one.code for one in outcomes] == [0, 0], outcomes[0].log + outcomes[1].log
    assert "train: 100 rows × 8 features" in outcomes[0].log


def test_what_is_wrong_on_one_host_is_said_on_all(xgboost: Image) -> None:
    """FailureReason is one text: whichever instance it is taken from, it names the cause."""
    good = {"train/a.csv": "\n".join(TRAIN)}
    outcomes = xgboost.run_together(
        [good, {"train/b.csv": "1,red\n"}, good], {"num_round": "3"}, S3DistributionType="ShardedByS3Key"
    )

    assert [one.code for one in outcomes] == [2, 1, 2]
    assert all("Channel 'train', file 'b.csv', line 1: 'red' is not a number." in one.failure for one in outcomes)


@pytest.mark.parametrize("victim", [0, 1])
def test_a_host_that_dies_ends_the_others_soon_and_by_name(xgboost: Image, victim: int) -> None:
    """A killed instance: the job fails, saying which one was lost, and nothing hangs."""
    hosts = addresses(3)
    bases = [
        xgboost.base({"train/a.csv": "\n".join(TRAIN)}, {"num_round": "1000000"}, "text/csv", host, hosts)
        for host in hosts
    ]
    started = [xgboost.start(base) for base in bases]
    deadline = time.monotonic() + 30
    while "[3]#011" not in (bases[0] / "log").read_text():
        assert time.monotonic() < deadline, (bases[0] / "log").read_text()
        time.sleep(0.01)
    started[victim].kill()
    killed = time.monotonic()
    outcomes = [xgboost.finished(process, base) for process, base in zip(started, bases, strict=True)]

    assert time.monotonic() - killed < 10
    for number, outcome in enumerate(outcomes):
        if number != victim:
            assert outcome.code == 2, outcome.log
            assert f"{hosts[victim]} was lost" in outcome.failure


def test_sigterm_stops_all_hosts_after_the_same_round(xgboost: Image) -> None:
    """One model of one number of rounds, whichever host was told first; the platform tells all."""
    hosts = addresses(2)
    given = {"num_round": "1000000", "max_depth": "2", "save_model_on_termination": "true"}
    bases = [xgboost.base({"train/a.csv": "\n".join(TRAIN)}, given, "text/csv", host, hosts) for host in hosts]
    started = [xgboost.start(base) for base in bases]
    deadline = time.monotonic() + 30
    while "[3]#011" not in (bases[0] / "log").read_text():
        assert time.monotonic() < deadline, (bases[0] / "log").read_text()
        time.sleep(0.01)
    started[1].send_signal(signal.SIGTERM)
    outcomes = [xgboost.finished(process, base) for process, base in zip(started, bases, strict=True)]

    assert [one.code for one in outcomes] == [0, 0], outcomes[0].log + outcomes[1].log
    assert scored(xgboost, outcomes[0].model)["rounds"] == [len(outcomes[0].metric_lines)]


def test_hosts_go_on_together_from_the_leaders_checkpoint(xgboost: Image) -> None:
    """Restarted on the addresses that it just left, and only the first host has kept the checkpoint."""
    hosts = addresses(2)
    bases = [
        xgboost.base({"train/a.csv": "\n".join(TRAIN)}, {"num_round": "3"}, "text/csv", host, hosts) for host in hosts
    ]
    for base in bases:
        (base / "input" / "config" / "checkpointconfig.json").write_text("{}")
    for rounds in ("3", "6"):
        for base in bases:
            (base / "input" / "config" / "hyperparameters.json").write_text(json.dumps({"num_round": rounds}))
        shutil.rmtree(bases[1] / "checkpoints", ignore_errors=True)
        started = [xgboost.start(base) for base in bases]
        outcomes = [xgboost.finished(process, base) for process, base in zip(started, bases, strict=True)]
        assert [one.code for one in outcomes] == [0, 0], outcomes[0].log + outcomes[1].log

    assert outcomes[0].metric_lines[0].startswith("[3]")
    assert scored(xgboost, outcomes[0].model, 6)["apart"][0] < 0.5


def test_what_needs_one_host_is_refused_on_two(xgboost: Image) -> None:
    """XGBoost's exact method and linear booster do not train over several hosts."""
    files = {"train/a.csv": "\n".join(TRAIN)}
    for given in ({"tree_method": "exact"}, {"booster": "gblinear"}):
        outcomes = xgboost.run_together([files, files], {"num_round": "3", **given})
        assert [one.code for one in outcomes] == [1, 1]
        assert "on one instance only" in outcomes[1].failure
