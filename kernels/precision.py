"""The precision of a network's products: float32, or bfloat16 by one of the units of `cpu/toolchain/bfloat16.py`."""

import importlib

from fastcnn.kernels import backends
from fastcnn.kernels.protocols import Steps

FLOAT32, BFLOAT16 = "float32", "bfloat16"
# A unit is named for tests: bfloat16 alone takes the fastest one, where that gains something.
PRECISIONS = (FLOAT32, BFLOAT16, *(f"{BFLOAT16}-{unit}" for unit in ("amx", "avx512", "plain")))


def steps_in(precision: str) -> Steps | None:
    """The steps of the backend in use, in one of `PRECISIONS`; None if it has none.

    RuntimeError, with the reason, if bfloat16 cannot run or gains nothing. Only what is asked for is imported.
    """
    if precision == FLOAT32:
        return backends.active().steps
    if backends.backend() != "cpu":
        raise RuntimeError(f"the backend {backends.backend()!r} has float32 only")
    found: Steps = importlib.import_module("fastcnn.kernels.cpu.bfloat16").steps(precision.partition("-")[2])
    return found
