"""The table of the CUDA kernels' registers."""

from __future__ import annotations

import copy
import json

import pytest

from fastcnn.bench.cuda import kernels


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
