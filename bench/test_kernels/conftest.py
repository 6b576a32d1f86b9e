"""`pytest bench/` times: the project's own settings switch pytest-benchmark off, for the tests."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.kernels.threads import set_threads


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.option.benchmark_disable = False


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(params=[1, 2], ids=["1 thread", "2 threads"], autouse=True)
def threads(request: pytest.FixtureRequest) -> int:
    """Every kernel is timed on one thread and on two."""
    kernels.use("cpu")
    set_threads(request.param)
    return int(request.param)
