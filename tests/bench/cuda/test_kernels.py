"""The table of the CUDA kernels' registers, and the model of their cost."""

from __future__ import annotations

import copy
import json

import pytest

from fastcnn.bench.cuda import kernels, model


@pytest.fixture(scope="module")
def table():
    return json.loads(kernels.TABLE.read_text())["kernels"]


def test_table_has_every_kernel_for_every_dtype_and_architecture(table):
    names = {f"{name} {dtype}" for name in kernels.kernels() for dtype in kernels.DTYPES}
    assert set(table) == names
    assert {tuple(row) for row in table.values()} == {("7.5", "8.0", "8.6", "8.9", "9.0", "10.0", "12.0")}


def test_nothing_in_the_table_spills(table):
    assert {numbers["spill_bytes"] for row in table.values() for numbers in row.values()} == {0}


@pytest.mark.parametrize("key", ["registers", "shared_bytes", "spill_bytes"])
def test_more_of_anything_is_worse_and_less_is_not(table, key):
    changed = copy.deepcopy(table)
    changed["product float32"]["8.6"][key] += 8
    (line,) = kernels.worse(changed, table)
    assert line.startswith("product float32, 8.6: ")
    if key != "spill_bytes":
        assert kernels.worse(table, changed) == []


def test_kernel_missing_on_either_side_is_told(table):
    less = {name: row for name, row in table.items() if name != "fold float64"}
    assert kernels.worse(less, table) == ["fold float64: in the table, but there is no such kernel"]
    assert "fold float64, 7.5: not in the table" in kernels.worse(table, less)


def test_machine_without_a_toolkit_is_told_loudly(monkeypatch, capsys):
    monkeypatch.setattr(kernels, "toolkit", lambda: None)
    assert kernels.main([]) == 1
    assert capsys.readouterr().err.startswith(
        "NOT CHECKED: there is no CUDA toolkit here; pip install nvidia-cuda-nvcc"
    )


@pytest.mark.parametrize(
    ("registers", "shared_bytes", "threads", "expected"),
    [(32, 0, 256, 1.0), (64, 0, 256, 0.5), (65, 0, 256, 0.375), (16, 113 * 1024, 256, 0.25), (255, 0, 128, 0.125)],
)
def test_occupancy_by_hand(registers, shared_bytes, threads, expected):
    """H100: 65,536 registers, 228 KiB and 2,048 threads a processor; a block's shared memory costs 1 KiB on top."""
    row = {"registers": registers, "shared_bytes": shared_bytes}
    assert model.occupancy(model.GPUS[1], row, threads) == expected


def test_useful_work_is_that_of_the_papers_network():
    """0.86 MFLOP a picture for the convolution and 0.86 for each product of the first affine layer."""
    launches = {launch.step: launch for launch in model.paper_step(100) if launch.tiled}
    assert launches["conv forward"].flop == launches["conv grad_weight"].flop == 100 * 2 * 576 * 30 * 25
    assert launches["affine 1 forward"].flop == 100 * 2 * 4320 * 100
    assert all(launch.computed >= launch.flop for launch in launches.values())


def test_model_stays_below_the_limits(table):
    for gpu in model.GPUS:
        rows = model.model(gpu, 100, table)
        assert all(0 < row["share_of_limit"] <= 1 and 0 < row["occupancy"] <= 1 for row in rows)


def test_a_library_at_the_limit_by_hand():
    """RTX 4060, batch 100: 4 * (100 * 4320 + 4320 * 100 + 100 * 100) bytes at 256 GB/s, three times over."""
    ours, best = model.library_s(model.GPUS[2], 100)
    assert best == pytest.approx(3 * 3.496e6 / 256e9)
    assert ours > best


def test_command_writes_its_rows(tmp_path, capsys):
    assert model.main(["--batch-size", "7", "--json", str(tmp_path / "rows.json")]) == 0
    assert set(json.loads((tmp_path / "rows.json").read_text())) == {gpu.name for gpu in model.GPUS}
    assert "a step: " in capsys.readouterr().out
