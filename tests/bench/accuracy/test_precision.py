"""`bench precision`: the numbers of its table, and a short run."""

from math import sqrt
from statistics import stdev

import pytest

from fastcnn.bench.accuracy import precision
from fastcnn.bench.harness.kept import Kept
from fastcnn.bench.harness.settings import Settings
from fastcnn.kernels.threads import set_threads, threads


def trained(model, pairs):
    return [
        {"model": model, "seed": seed, "precision": name, "epochs": 12, "test_accuracy": accuracy, "train_s": 1.0}
        for seed, both in enumerate(pairs)
        for name, accuracy in zip(("float32", "bfloat16-avx512"), both, strict=True)
    ]


def test_the_interval_is_students_of_the_paired_differences():
    pairs = [(0.990, 0.991), (0.992, 0.992), (0.991, 0.990), (0.993, 0.995), (0.990, 0.991)]
    runs = trained("paper", pairs) + trained("default", [(0.996, 0.995)])
    row = precision.compared(runs, "paper")
    differences = [0.001, 0.0, -0.001, 0.002, 0.001]
    assert row["difference"] == pytest.approx(0.0006)
    assert row["half"] == pytest.approx(2.776 * stdev(differences) / sqrt(5))  # of a table of Student's t
    assert (row["float32"], row["bfloat16"]) == (pytest.approx(0.9912), pytest.approx(0.9918))
    one = precision.compared(runs, "default")
    assert one["difference"] == pytest.approx(-0.001) and one["half"] is None
    table = precision.tabulate({"precision": "bfloat16-avx512", "runs": runs, "rows": [row, one]})
    assert "| `paper` | 5 | 12 | 99.120% | 99.180% | +0.060% (± 0.142%) |" in table
    assert "| `default` | 1 | 12 | 99.600% | 99.500% | -0.100% (one seed) |" in table
    assert table.endswith("two trainings. The interval of `paper` holds zero.\n")
    for tiny in (-2e-7, -0.0, 2e-7):  # less than half of what is printed
        less = precision.tabulate({"precision": "bfloat16-avx512", "runs": runs, "rows": [{**row, "difference": tiny}]})
        assert "| +0.000% (± 0.142%) |" in less
    other = {**row, "difference": -0.0015}
    assert "The interval of `paper` **does not hold** zero." in precision.tabulate(
        {"precision": "bfloat16-avx512", "runs": runs, "rows": [other, one]}
    )


@pytest.mark.slow  # trains four networks, and compiles what two of them need
def test_a_short_run_trains_each_seed_in_both(capsys):
    before = threads()
    try:
        result = precision.run(Settings(quick=True, threads=(1,), precision="bfloat16-plain"))
    finally:
        set_threads(before)
    kinds = [(run["seed"], run["precision"]) for run in result["runs"]]
    assert kinds == [(seed, each) for seed in range(2) for each in ("float32", "bfloat16-plain")]
    (row,) = result["rows"]
    assert abs(row["difference"]) < 0.1 < row["float32"]
    assert "paper, seed 1, bfloat16-plain: test accuracy" in capsys.readouterr().out


def test_a_run_that_was_interrupted_trains_what_is_left_only(monkeypatch, tmp_path):
    trainings = []

    def train(model, seed, each, pictures):
        trainings.append((seed, each))
        if len(trainings) == 3:
            raise KeyboardInterrupt
        return trained(model, [(0.5, 0.5)])[0] | {"seed": seed, "precision": each}

    monkeypatch.setattr(precision, "train", train)
    monkeypatch.setattr(precision, "set_threads", lambda _: None)
    path, settings = tmp_path / "precision.part", {"quick": True, "precision": "bfloat16-plain"}
    with pytest.raises(KeyboardInterrupt):
        precision.run(Settings(**settings, kept=Kept(path, "precision", {})))
    result = precision.run(Settings(**settings, kept=Kept(path, "precision", {}, resume=True)))
    every = [(seed, each) for seed in range(2) for each in ("float32", "bfloat16-plain")]
    assert trainings == [*every[:3], *every[2:]]
    assert [(run["seed"], run["precision"]) for run in result["runs"]] == every
