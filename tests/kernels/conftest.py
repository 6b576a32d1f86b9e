"""The fixtures that run a test on every backend, and on the GPU."""

from collections.abc import Iterator

import pytest

from fastcnn import kernels
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


@pytest.fixture
def on_cuda() -> Iterator[None]:
    """The test runs in the simulator, or on the GPU where there is one; elsewhere it is skipped."""
    reason = "" if SIMULATED else kernels.available()["cuda"]
    if reason:
        pytest.skip(f"neither NUMBA_ENABLE_CUDASIM=1 nor a GPU: {reason}")
    with running("cuda"):
        yield
