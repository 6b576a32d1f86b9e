"""`bench rivals-bfloat16`: all of it on a small network, and a product of matrices with a right answer only."""

import json

import numpy as np
import pytest

from fastcnn import Sequential, kernels, layers
from fastcnn.__main__ import main
from fastcnn.bench.report import bfloat16_tables
from fastcnn.bench.rivals import team
from fastcnn.bench.speed import bfloat16, rivals, rivals_bfloat16
from fastcnn.bench.speed.rivals import Case
from fastcnn.checking.bounds import WrongAnswerError
from fastcnn.kernels.cpu.bfloat16 import units
from fastcnn.kernels.threads import set_threads, threads
from fastcnn.network import precision


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Networks of one small convolution, no rival, and matrices of one task."""

    def make():
        parts = [layers.Conv2d(4, 3), layers.ReLU(), layers.Flatten(), layers.Affine(3)]
        return Sequential(parts, input_shape=(2, 6, 6), seed=0)

    kernels.use("cpu")
    names = {network for network, *_ in bfloat16_tables.WANTED}
    monkeypatch.setattr(rivals_bfloat16, "NETWORKS", {name: (make, ()) for name in names})
    monkeypatch.setattr(rivals_bfloat16, "QUICK_SIDE", bfloat16.ROWS)
    monkeypatch.setattr(rivals, "peaks", lambda n: {"fma_gflop_per_s": 100.0, "sgemm_gflop_per_s": 80.0})
    monkeypatch.setattr(team, "ENGINES", (team.Engine("PyTorch", "with_nothing", bfloat16=True),))
    before = threads()
    yield
    set_threads(before)


@pytest.mark.slow  # compiles the steps of bfloat16
@pytest.mark.parametrize("unit", ["plain", "avx512"])
def test_a_named_unit_runs_all_of_it_on_any_cpu_that_has_it(unit, tmp_path, capsys):
    out = tmp_path / "found.json"
    arguments = ["bench", "rivals-bfloat16", "--precision", f"bfloat16-{unit}", "--quick", "--threads", "1"]
    try:
        units.require(unit)
    except RuntimeError as error:  # the plain one runs everywhere
        assert main(arguments) == 1
        assert str(error) in capsys.readouterr().err
        return
    assert main([*arguments, "--json", str(out)]) == 0
    found = json.loads(out.read_text())["rivals-bfloat16"]["result"]
    assert [(row["network"], row["mode"], row["batch"]) for row in found["rows"]] == [
        ("default", "training", 100), ("VGG-like", "training", 64), ("VGG-like", "inference", 32),
    ]  # fmt: skip
    assert all(row["1"]["median_s"] > 0 for row in found["rows"])
    assert found["precision"] == f"bfloat16-{unit}" and list(found["missing"]) == ["PyTorch"]
    assert found["products"]["1"] > 0 and bfloat16_tables.share(found, "1") > 0
    assert "with_nothing is missing" in bfloat16_tables.tabulate(found)


def test_a_cpu_that_gains_nothing_says_so_before_anything_is_measured(monkeypatch, capsys):
    right = precision.steps_in

    def refuse(wanted):
        if wanted == "float32":
            return right(wanted)
        raise RuntimeError("this CPU has neither AMX nor AVX512-BF16")

    monkeypatch.setattr(precision, "steps_in", refuse)
    monkeypatch.setattr(rivals_bfloat16, "compared", lambda *_: pytest.fail("measured in vain"))
    assert main(["bench", "rivals-bfloat16", "--quick", "--threads", "1"]) == 1
    err = capsys.readouterr().err
    assert "precision bfloat16 is not for this machine" in err and err.count("\n") == 1


def test_every_wanted_row_is_a_case():
    assert rivals_bfloat16.cases()[0] == Case("paper", "training", 256)
    assert len(rivals_bfloat16.case_names()) == len(bfloat16_tables.WANTED)


def test_a_wrong_product_of_matrices_has_no_speed(monkeypatch):
    assert bfloat16.product_flop_per_s("plain", 1, bfloat16.ROWS) > 0
    right = bfloat16.forward

    def wrong(*arguments):
        call, out = right(*arguments)
        return lambda: (call(), np.add(out, 1, out=out)), out

    monkeypatch.setattr(bfloat16, "forward", wrong)
    with pytest.raises(WrongAnswerError, match="a product of matrices, plain"):
        bfloat16.product_flop_per_s("plain", 1, bfloat16.ROWS)
