"""The public functions one by one: checked against the NumPy reference to the last bit, then timed.

To compare two revisions: `pytest bench/ --benchmark-autosave` on the first, `--benchmark-compare` on the second.
"""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.bench.speed.layers import DIRECTIONS, LayerInNetwork, draw
from fastcnn.checking.bounds import require_equal
from fastcnn.checking.calls import convolution_calls, pooling_calls, product_calls, whole_numbers
from fastcnn.checking.cases import ONE_OF_EACH_KIND, POOLS
from fastcnn.kernels.backends import using
from fastcnn.optim.optimizers import KINDS


def check_and_time(benchmark, call):
    """Hold the call on the cpu backend to the same call on the reference; then time it."""
    with using("reference"):
        expected = call()
    for mine, right in zip(
        *((each if isinstance(each, tuple) else (each,)) for each in (call(), expected)), strict=True
    ):
        require_equal("cpu", mine, right)
    benchmark(call)


@pytest.mark.parametrize("name", ["conv2d", "conv2d_grad_input", "conv2d_grad_weight", "im2col", "col2im"])
@pytest.mark.parametrize("case", ONE_OF_EACH_KIND, ids=str)
def test_convolution(benchmark, case, name, rng):
    check_and_time(benchmark, convolution_calls(case, whole_numbers(rng))[name])


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("case", ONE_OF_EACH_KIND, ids=str)
def test_layer_inside_a_network(benchmark, case, direction):
    data = draw(case)
    layer = LayerInNetwork(case, **data)
    call = layer.call(direction)
    call()
    forward, *gradients = (each() for each in product_calls(case, data).values())
    expected = [forward] if direction == "forward" else [*gradients, data["grad_out"].sum(axis=(0, 2, 3))]
    for mine, right in zip(layer.answer(direction), expected, strict=True):
        require_equal(direction, mine, right)
    benchmark(call)


@pytest.mark.parametrize("name", ["max_pool2d", "max_pool2d_grad"])
@pytest.mark.parametrize("case", POOLS, ids=str)
def test_max_pool(benchmark, case, name, rng):
    calls = pooling_calls(case, whole_numbers(rng), rng)
    argmax = calls["max_pool2d"]()[1]
    calls["max_pool2d_grad"].arrays.update(grad_out=whole_numbers(rng)(argmax.shape), argmax=argmax)
    check_and_time(benchmark, calls[name])


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_optimizer_step(benchmark, kind, rng):
    """One update of the paper's network's parameters, checked against the reference within rounding."""
    gradients = rng.standard_normal(433_890).astype(np.float32)
    found = []
    for backend in ("reference", "cpu"):
        kernels.use(backend)
        values = np.ones(433_890, np.float32)
        kind(0.001).update(values, gradients)
        found.append(values)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-6)
    optimizer = kind(1e-6)
    benchmark(lambda: optimizer.update(values, gradients))
