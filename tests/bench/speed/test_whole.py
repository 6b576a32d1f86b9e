"""Benchmarks in their quick form, from the command to the last table: engine and command line change under them."""

from __future__ import annotations

import json

import pytest

from fastcnn.__main__ import main

# With what keeps them short: of the two layers the one of 3x3 is by Winograd's method, the one of 5x5 is not.
OPTIONS = {
    "layers": ["--only", "32->32 on 28"],
    "functions": ["--only", "256->64 on 14, batch 1"],
    "resources": [],
    "baselines": [],
    "profile": [],
    "augmentation": [],
    "scaling": [],
    "neighbour": [],
}


@pytest.mark.rivals
@pytest.mark.parametrize("name", OPTIONS)
def test_it_runs_to_its_end(name, tmp_path):
    pytest.importorskip("torch")
    assert main(["bench", name, *OPTIONS[name], "--quick", "--out", str(tmp_path)]) == 0
    assert json.loads((tmp_path / f"{name}.json").read_text())["result"]
    assert (tmp_path / "README.md").read_text()
