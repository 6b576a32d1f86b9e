"""`bench bfloat16` times only right answers, and says of a tile that cannot run here that it was not measured."""

import numpy as np
import pytest

from fastcnn.bench.speed import bfloat16
from fastcnn.checking.bounds import WrongAnswerError
from fastcnn.checking.cases import Convolution
from fastcnn.kernels.cpu.toolchain import bfloat16 as features

CASE = Convolution("small", (2, 4, 5, 6), 3, (3, 3), padding=1)


pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_case_has_the_speed_of_each_tile():
    row = bfloat16.measure(CASE, ("plain",), 1)
    assert set(row) == {"case", "float32", "plain"}
    assert row["float32"] > 0 and row["plain"] > 0


def test_a_wrong_answer_has_no_speed(monkeypatch):
    right = bfloat16.forward

    def wrong(*arguments):
        call, out = right(*arguments)
        return lambda: (call(), np.add(out, 1, out=out)), out

    monkeypatch.setattr(bfloat16, "forward", wrong)
    with pytest.raises(WrongAnswerError, match="small, float32"):
        bfloat16.measure(CASE, ("plain",), 1)


@pytest.mark.parametrize(
    ("unit", "names"), [("plain", {"plain"}), ("avx512", {"avx512", "plain"}), ("amx", {"amx", "avx512", "plain"})]
)
def test_the_tiles_follow_the_features(monkeypatch, unit, names):
    monkeypatch.setattr(features, "unit", lambda: unit)
    assert set(bfloat16.units()) == names


def test_the_table_says_what_was_not_measured():
    assembly = [dict.fromkeys(("tile", "instruction", "registers", "products", "loads", "spills"), 1)]
    rows = [{"case": "a", "float32": 2e9, "avx512": 1e9}, {"case": "b", "float32": 4e9, "avx512": 1e9, "plain": 3e9}]
    text = bfloat16.tabulate({"unit": "here", "rows": rows, "assembly": assembly})
    assert text.splitlines()[2:4] == [
        "| a | 2 | not measured | 1 (0.50) | - |",
        "| b | 4 | not measured | 1 (0.25) | 3 (0.75) |",
    ]
