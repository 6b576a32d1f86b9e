"""Gradients against central finite differences in float64.

Convolution is linear in each of its arrays and max-pool is linear as long as no two pixels change places, so the
differences have no truncation error at any step: only rounding is left, and with whole numbers not even that.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.checking.calls import convolution_calls, whole_numbers
from fastcnn.checking.cases import Convolution, Pooling
from tests.kernels.cases import BACKENDS, CONVOLUTIONS, POOLINGS, SIMULATED
from tests.kernels.checks import running

pytestmark = pytest.mark.usefixtures("backend")

STEP = 0.25  # a power of two; smaller than half the distance of two whole numbers
SMALL = 90 if SIMULATED else 600  # each number costs two forward passes


def differences(loss: Callable[[], float], array: np.ndarray) -> np.ndarray:
    """The slope of the loss along each element of an array that it reads."""
    slopes = np.empty_like(array)
    for index in np.ndindex(array.shape):
        value = array[index]
        array[index] = value + STEP
        above = loss()
        array[index] = value - STEP
        slopes[index] = (above - loss()) / (2 * STEP)
        array[index] = value
    return slopes


def small_convolutions() -> list[Convolution]:
    return [case for case in CONVOLUTIONS if np.prod(case.input_shape) + np.prod(case.weight_shape) <= SMALL]


def small_poolings() -> list[Pooling]:
    return [case for case in POOLINGS if np.prod(case.input_shape) <= SMALL]


@pytest.fixture(
    scope="module", params=[pytest.param(each, marks=pytest.mark.slow) if each == "cpu" else each for each in BACKENDS]
)
def backend(request: pytest.FixtureRequest) -> Iterator[None]:
    """The reference, which the CPU's kernels are held to; they themselves compile for float64."""
    with running(request.param):
        yield


@pytest.mark.parametrize("case", small_convolutions(), ids=str)
def test_convolution_gradients_are_the_finite_differences(case: Convolution, rng: np.random.Generator) -> None:
    calls = convolution_calls(case, whole_numbers(rng, np.float64))
    forward, grad_input, grad_weight = (calls[name] for name in ("conv2d", "conv2d_grad_input", "conv2d_grad_weight"))
    x, weight = forward.arrays["x"], forward.arrays["weight"]
    grad_out = grad_input.arrays["grad_out"]

    def loss() -> float:
        return float((forward() * grad_out).sum())

    np.testing.assert_array_equal(grad_input(), differences(loss, x))
    np.testing.assert_array_equal(grad_weight(), differences(loss, weight))


@pytest.mark.parametrize("case", small_poolings(), ids=str)
def test_max_pool_gradient_is_the_finite_difference(case: Pooling, rng: np.random.Generator) -> None:
    x = rng.permutation(int(np.prod(case.input_shape))).astype(np.float64).reshape(case.input_shape)

    def forward() -> tuple[np.ndarray, np.ndarray]:
        return kernels.max_pool2d(x, case.kernel_size, **case.options)

    out, argmax = forward()
    grad_out = rng.integers(-9, 10, out.shape).astype(np.float64)
    slopes = differences(lambda: float((forward()[0] * grad_out).sum()), x)
    np.testing.assert_array_equal(kernels.max_pool2d_grad(grad_out, argmax, case.input_shape), slopes)


def test_enough_cases_are_small() -> None:
    assert len(small_convolutions()) > (5 if SIMULATED else 20)
    assert len(small_poolings()) > (1 if SIMULATED else 10)
