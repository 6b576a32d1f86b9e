"""How much a unit gains, as it is measured."""

from fastcnn.kernels.cpu.bfloat16 import units
from fastcnn.kernels.cpu.toolchain import bfloat16
from tests.kernels.cases import COMPILED


def test_the_gain_is_that_of_two_loops_in_registers(monkeypatch):
    """Where the CPU has vdpbf16ps, or its twin runs. They have 2 and 4 FLOP a lane, and take the same time here."""
    if COMPILED and bfloat16.unit() == "plain":
        return
    measured = []
    monkeypatch.setattr(units, "_seconds", lambda loop, *arguments: measured.append(loop(*arguments, 1)) or 1.0)
    units.gain.cache_clear()
    try:
        assert units.gain() == 2.0
        assert len(measured) == 2 * units.TURNS
    finally:
        units.gain.cache_clear()


def test_a_loop_takes_some_time():
    assert units._seconds(lambda *arguments: sum(range(1000))) > 0
