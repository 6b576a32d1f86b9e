"""The fixture that runs a test on every backend."""

from collections.abc import Iterator

import pytest

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
