"""The public functions one by one: checked against the NumPy reference to the last bit, then timed.

To compare two revisions: `pytest bench/ --benchmark-autosave` on the first, `--benchmark-compare` on the second.
"""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.bench.harness.cases import LAYERS, POOLS
from fastcnn.bench.harness.checks import require_equal, whole_numbers
from fastcnn.bench.speed.layers import DIRECTIONS, LayerInNetwork, draw

CASES = [LAYERS[i] for i in (1, 3, 5, 9, 15, 17, 20)]


def check_and_time(benchmark, call):
    """Hold the call on the cpu backend to the same call on the reference; then time it."""
    kernels.use("reference")
    expected = call()
    kernels.use("cpu")
    found = call()
    for mine, right in zip(
        *((each if isinstance(each, tuple) else (each,)) for each in (found, expected)), strict=True
    ):
        require_equal("cpu", mine, right)
    benchmark(call)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
class TestConvolution:
    @pytest.fixture
    def arrays(self, case, rng):
        shapes = (case.batch, *case.input_shape), case.weight_shape, (case.batch, *case.output_shape)
        return [whole_numbers(rng, shape) for shape in shapes]

    @pytest.fixture
    def options(self, case):
        return {"stride": case.stride, "padding": case.padding}

    def test_conv2d(self, benchmark, case, arrays, options):
        x, weight, _ = arrays
        check_and_time(benchmark, lambda: kernels.conv2d(x, weight, **options))

    def test_conv2d_grad_input(self, benchmark, case, arrays, options):
        x, weight, grad_out = arrays
        check_and_time(benchmark, lambda: kernels.conv2d_grad_input(grad_out, weight, x.shape, **options))

    def test_conv2d_grad_weight(self, benchmark, case, arrays, options):
        x, _, grad_out = arrays
        check_and_time(benchmark, lambda: kernels.conv2d_grad_weight(grad_out, x, case.kernel, **options))

    def test_im2col(self, benchmark, case, arrays, options):
        x, _, _ = arrays
        check_and_time(benchmark, lambda: kernels.im2col(x, case.kernel, **options))

    def test_col2im(self, benchmark, case, rng, options):
        cols = whole_numbers(rng, (case.batch * case.out_side**2, case.channels * case.kernel**2))
        shape = (case.batch, *case.input_shape)
        check_and_time(benchmark, lambda: kernels.col2im(cols, shape, case.kernel, **options))

    @pytest.mark.parametrize("direction", DIRECTIONS)
    def test_inside_a_network(self, benchmark, case, direction, options):
        data = draw(case)
        layer = LayerInNetwork(case, **data)
        call = layer.call(direction)
        call()
        x, grad_out = data["x"], data["grad_out"]
        if direction == "forward":
            expected = [kernels.conv2d(x, data["weight"], data["bias"], **options)]
        else:
            expected = [
                kernels.conv2d_grad_input(grad_out, data["weight"], x.shape, **options),
                kernels.conv2d_grad_weight(grad_out, x, case.kernel, **options),
                grad_out.sum(axis=(0, 2, 3)),
            ]
        for mine, right in zip(layer.answer(direction), expected, strict=True):
            require_equal(direction, mine, right)
        benchmark(call)


@pytest.mark.parametrize("case", POOLS, ids=lambda case: case.name)
class TestPooling:
    @pytest.fixture
    def x(self, case, rng):
        return whole_numbers(rng, (case.batch, case.channels, case.side, case.side))

    def test_max_pool2d(self, benchmark, case, x):
        check_and_time(benchmark, lambda: kernels.max_pool2d(x, case.kernel, stride=case.stride, padding=case.padding))

    def test_max_pool2d_grad(self, benchmark, case, x, rng):
        _, argmax = kernels.max_pool2d(x, case.kernel, stride=case.stride, padding=case.padding)
        grad_out = whole_numbers(rng, argmax.shape)
        check_and_time(benchmark, lambda: kernels.max_pool2d_grad(grad_out, argmax, x.shape))


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"])
def test_optimizer_step(benchmark, name, rng):
    """One update of the paper's network's parameters, checked against the reference within rounding."""
    from fastcnn import optim

    kind = next(each for label, each in vars(optim).items() if label.lower() == name and isinstance(each, type))
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
