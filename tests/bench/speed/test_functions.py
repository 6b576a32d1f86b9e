"""`bench functions`: its shapes, its means by hand, and every function against PyTorch on small shapes."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from fastcnn import kernels
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.speed import functions
from fastcnn.checking.cases import ALONE, Convolution, Pooling

# kernel, stride, dilation, groups, channels, filters, side, batch
SHAPES = [
    *((3, 1, 1, 128, 128, 128, 28, batch) for batch in (1, 32)),
    (3, 1, 1, 4, 128, 128, 28, 32),
    (5, 1, 1, 1, 1, 30, 28, 32),
    (5, 1, 1, 1, 6, 16, 14, 32),
    (3, 1, 1, 1, 64, 64, 56, 32),
    (3, 1, 1, 1, 128, 128, 28, 32),
    *((3, 1, 1, 1, 256, 256, side, batch) for side, batch in ((14, 32), (7, 32), (7, 1))),
    (1, 1, 1, 1, 64, 256, 56, 32),
    *((1, 1, 1, 1, 256, 64, 14, batch) for batch in (32, 1)),
    (3, 2, 1, 1, 128, 256, 28, 32),
    (7, 2, 1, 1, 3, 64, 224, 1),
    (3, 1, 2, 1, 64, 64, 28, 32),
]


def test_the_shapes_are_those_of_the_table():
    found = [
        (c.kernel_size[0], c.stride, c.dilation, c.groups, c.input_shape[1], c.out_channels, c.input_shape[2], c.batch)
        for c in ALONE
    ]
    assert found == SHAPES
    assert len({case.name for case in ALONE}) == len(ALONE)
    # All 3x3 convolutions keep the side, or halve it with stride 2.
    assert [c.output_shape[2] for c in ALONE if c.kernel_size == (3, 3)] == [28, 28, 28, 56, 28, 14, 7, 7, 14, 28]


def _row(function, one, two, depthwise=False):
    found = {
        n: {"ratio": ratio, "ratio_of_fastest": ratio, "median_s": 0.001, "rival_median_s": 0.001 * ratio}
        for n, ratio in (("1", one), ("2", two))
    }
    return {"function": function, "case": f"{function} {one}", "depthwise": depthwise, **found}


ROWS = [
    _row("conv2d", 2.0, 8.0),
    _row("grad_weight", 0.5, 0.5),
    _row("im2col", 7.0, 7.0),
    _row("conv2d", 0.01, 0.01, depthwise=True),
]


def test_means_by_hand():
    """Without depthwise convolutions; these count among the worst."""
    assert functions.summarise(ROWS, "1") == pytest.approx(
        {"worst": 0.01, "convolutions": 1.0, "conv2d": 2.0, "grad_weight": 0.5, "im2col": 7.0}
    )
    assert functions.summarise(ROWS, "2")["convolutions"] == pytest.approx(2.0)
    assert functions.summarise(ROWS[3:], "1") == {"worst": 0.01}


def test_rows_that_lose_come_first_and_the_mean_is_said():
    result = {"rows": ROWS, "summary": {n: functions.summarise(ROWS, n) for n in ("1", "2")}}
    table, one, two = functions.tabulate(result).split("\n\n")
    assert [row.split("|")[2].strip() for row in table.splitlines()[2:]] == [
        "conv2d 0.01", "grad_weight 0.5", "conv2d 2.0", "im2col 7.0",
    ]  # fmt: skip
    assert one.startswith("Threads 1:") and one.endswith("is 1.00.") and two.strip().endswith("is 2.00.")
    result["summary"] = {"1": {"conv2d": 2.0}, "2": {}}  # of a record of before
    assert functions.tabulate(result).strip() == table


@pytest.mark.torch
def test_every_function_against_pytorch(monkeypatch):
    """Every option at once; a wrong answer on either side would be an error."""
    pytest.importorskip("torch")
    plain = Convolution("plain", (2, 3, 6, 7), 4, (2, 3))
    monkeypatch.setattr(
        functions, "ALONE", (Convolution("options", (2, 4, 9, 8), 6, (3, 2), (2, 1), (1, 2), (1, 2), groups=2),)
    )
    monkeypatch.setattr(functions, "ONE_OF_EACH_KIND", (plain,))
    monkeypatch.setattr(functions, "POOLS", (Pooling("pool", (2, 3, 9, 8), 3, 2, 1, 2, ceil_mode=True),))
    kernels.use("cpu")
    settings = Settings(quick=True, threads=(1,))
    found = functions.run(settings)
    assert [(row["function"], row["case"]) for row in found["rows"]] == [
        *((name, "options") for name in functions.CONVOLUTIONS),
        *((name, "plain") for name in ("im2col", "col2im")),
        *((name, "pool") for name in ("max_pool2d", "max_pool2d_grad")),
    ]
    assert all(row["1"]["ratio"] > 0 for row in found["rows"])


def test_rows_of_an_interrupted_run_are_not_measured_again(monkeypatch):
    """All but one row is there; only that one is measured."""
    measured = []

    def row_of(name, measure):
        return [_row("conv2d", 2.0, 8.0)] if not name.endswith(ALONE[3].name) else measured.append(name) or measure()

    monkeypatch.setattr(functions, "measure", lambda case, *_: [_row(case.name, 1.0, 1.0)])
    monkeypatch.setattr(functions, "Worker", lambda: nullcontext())
    settings = SimpleNamespace(threads=(1, 2), kept=SimpleNamespace(row=row_of), wants=lambda _: True, say=print)
    found = functions.run(settings)
    assert len(measured) == 2  # the convolution, and im2col of the same shape
    assert sum(row["function"] == ALONE[3].name for row in found["rows"]) == 2
