"""The same seed gives the same trained weights, bit for bit, on 1 to 4 threads and on each of Numba's layers."""

from __future__ import annotations

import json
import sys

import pytest

from tests.test_threads import CLEAN, PROGRAMS, _tbb_library

COUNTS = ("1", "2", "3", "4")


@pytest.fixture(scope="module")
def known() -> set[tuple[str, ...]]:
    """The hashes that any of the layers has given so far."""
    return set()


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["omp", "workqueue", "tbb"])
def test_trained_weights_depend_on_neither_threads_nor_layer(layer, run_python, known):
    env = {**CLEAN, "NUMBA_THREADING_LAYER": layer}
    if layer == "tbb":
        if sys.platform != "linux":
            pytest.skip("the library is preloaded as Linux does it")
        env["LD_PRELOAD"] = str(_tbb_library())
    result = json.loads(run_python(PROGRAMS / "trained_bits.py", *COUNTS, env=env, timeout_s=300).stdout)
    assert result["layer"] == layer
    assert list(result["hashes"]) == list(COUNTS)
    known |= {tuple(hashes) for hashes in result["hashes"].values()}
    assert len(known) == 1, result
