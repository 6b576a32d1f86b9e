"""The fixtures that run a test on every backend, on the GPU, and in float64 on one thread."""

from collections.abc import Iterator

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.kernels.threads import set_threads, threads
from tests.kernels.cases import BACKENDS, SIMULATED
from tests.kernels.checks import running

if SIMULATED:
    from tests.kernels.cuda import simulator

    simulator.install()


@pytest.fixture(params=BACKENDS, scope="module")
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """The public functions run on this backend."""
    with running(request.param):
        yield request.param


@pytest.fixture(autouse=True)
def one_thread_in_float64(request: pytest.FixtureRequest) -> Iterator[None]:
    """Kernels with threads are compiled for float32 alone, which takes half the time; slow tests compile both."""
    dtype = getattr(request.node, "callspec", None) and request.node.callspec.params.get("dtype")
    if dtype is not np.float64 or request.node.get_closest_marker("slow"):
        yield
        return
    before = threads()
    set_threads(1)
    yield
    set_threads(before)


@pytest.fixture
def on_cuda() -> Iterator[None]:
    """The test runs in the simulator, or on the GPU where there is one; elsewhere it is skipped."""
    reason = "" if SIMULATED else kernels.available()["cuda"]
    if reason:
        pytest.skip(f"neither NUMBA_ENABLE_CUDASIM=1 nor a GPU: {reason}")
    with running("cuda"):
        yield
