"""Every backend against the reference: values and gradients, by the derived bound; argmax exactly."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastcnn.checking.bounds import require_within_bound
from fastcnn.checking.calls import Call, convolution_calls, pooling_calls, whole_numbers
from fastcnn.checking.cases import CORNERS, Convolution, Pooling
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_PRODUCTS
from tests.kernels.cases import BACKENDS, CONVOLUTIONS, DTYPES, POOLINGS, SIMULATED, hard_pixels, normal
from tests.kernels.checks import in_float64, magnitude, running

pytestmark = pytest.mark.usefixtures("backend")

EXAMPLES = 10 if SIMULATED else 100
# In float64 the reference would be compared with itself.
BOTH = [(backend, dtype) for backend in BACKENDS for dtype in DTYPES if (backend, dtype) != ("reference", np.float64)]
each_backend = pytest.mark.parametrize(("backend", "dtype"), BOTH, indirect=["backend"])


def with_cases() -> Iterator[Any]:
    """Each convolution on each backend.

    In float64, kernels with threads take 20 s to compile. They are the source of those in float32 and of those without
    threads, which the other cases compile. Real networks' shapes in float64 are slow tests too, as `fastcnn check`
    leaves them out.
    """
    for backend, dtype in BOTH:
        for case in CONVOLUTIONS:
            is_slow = dtype is np.float64 and (case not in CORNERS or case.flop >= 2 * PARALLEL_PRODUCTS)
            marks = [pytest.mark.slow] if is_slow else []
            yield pytest.param(backend, dtype, case, marks=marks, id=f"{case}-{backend}-{dtype.__name__}")


each_convolution = pytest.mark.parametrize(("backend", "dtype", "case"), list(with_cases()), indirect=["backend"])


def assert_agrees(name: str, call: Call) -> None:
    require_within_bound(name, call(), in_float64(call), magnitude(call))


def assert_same_maxima(call: Call) -> None:
    out, argmax = call()
    with running("reference"):
        expected_out, expected_argmax = call()
    np.testing.assert_array_equal(argmax, expected_argmax)
    np.testing.assert_array_equal(out, expected_out)


@each_convolution
def test_convolution_agrees_with_the_reference(
    case: Convolution, dtype: type[np.floating], rng: np.random.Generator
) -> None:
    for name, call in convolution_calls(case, normal(rng, dtype)).items():
        assert_agrees(name, call)


@each_convolution
def test_whole_numbers_give_equal_results(
    case: Convolution, dtype: type[np.floating], rng: np.random.Generator
) -> None:
    for name, call in convolution_calls(case, whole_numbers(rng, dtype)).items():
        np.testing.assert_array_equal(call(), in_float64(call), err_msg=name)


@each_backend
@pytest.mark.parametrize("case", POOLINGS, ids=str)
def test_max_pool_agrees_with_the_reference(case: Pooling, dtype: type[np.floating], rng: np.random.Generator) -> None:
    for draw in (normal(rng, dtype), hard_pixels(rng, dtype)):
        calls = pooling_calls(case, draw, rng)
        assert_same_maxima(calls["max_pool2d"])
        assert_agrees("max_pool2d_grad", calls["max_pool2d_grad"])


@each_backend
def test_infinities_and_nan_spread_as_in_the_reference(dtype: type[np.floating], rng: np.random.Generator) -> None:
    """A kernel that skips zeros, or multiplies the padding by something, would lose or invent a NaN."""
    case = Convolution("", (2, 3, 6, 7), 4, (3, 2), stride=(1, 2), padding=((1, 0), (2, 1)))
    call = convolution_calls(case, whole_numbers(rng, dtype))["conv2d"]
    call.arrays["x"][0, 1, 2, 3] = np.nan
    call.arrays["x"][1, 2, 3, 4] = np.inf
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(call(), in_float64(call))


@st.composite
def convolutions(draw: st.DrawFn) -> Convolution:
    """Any geometry in which a window fits."""

    def two(low: int, high: int) -> tuple[int, int]:
        return draw(st.integers(low, high)), draw(st.integers(low, high))

    groups, (c, k), kernel_size, dilation = draw(st.integers(1, 3)), two(1, 5), two(1, 4), two(1, 3)
    padding = two(0, 4), two(0, 4)
    h, w = (
        max(1, spread * (size - 1) + 1 - sum(sides)) + extra
        for spread, size, sides, extra in zip(dilation, kernel_size, padding, two(0, 7), strict=True)
    )
    input_shape = (draw(st.integers(0, 3)), c * groups, h, w)
    return Convolution(
        "", input_shape, k * groups, kernel_size, two(1, 4), padding, dilation, groups, draw(st.booleans())
    )


@st.composite
def poolings(draw: st.DrawFn) -> Pooling:
    def two(low: int, high: int) -> tuple[int, int]:
        return draw(st.integers(low, high)), draw(st.integers(low, high))

    r, s = two(1, 4)
    (top, bottom), (left, right) = two(0, r - 1), two(0, s - 1)
    dilation, padding = two(1, 3), ((top, bottom), (left, right))
    h, w = (  # from the dilation on each window sees a pixel
        max(spread, spread * (size - 1) + 1 - sum(sides)) + extra
        for spread, size, sides, extra in zip(dilation, (r, s), padding, two(0, 7), strict=True)
    )
    input_shape = (draw(st.integers(0, 3)), draw(st.integers(1, 5)), h, w)
    return Pooling("", input_shape, (r, s), two(1, 5), padding, dilation, draw(st.booleans()))


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
@pytest.mark.parametrize("dtype", DTYPES)
@given(case=convolutions(), seed=st.integers(0, 99))
def test_any_convolution_agrees_with_the_reference(case: Convolution, dtype: type[np.floating], seed: int) -> None:
    for name, call in convolution_calls(case, whole_numbers(np.random.default_rng(seed), dtype)).items():
        np.testing.assert_array_equal(call(), in_float64(call), err_msg=name)


# The reference in float32 passes `test_whole_numbers_give_equal_results`; these pictures take the same way through it.
@pytest.mark.parametrize("backend", [each for each in BACKENDS if each != "reference"], indirect=True)
def test_every_narrow_picture_agrees_with_the_reference(rng: np.random.Generator) -> None:
    """There shapes coincide, such as that of a picture and that of its windows."""
    widest = 3 if SIMULATED else 5
    sizes = product(range(1, widest + 1), range(1, 4), range(1, 4), range(widest - 1), range(widest - 1), (1, 2))
    for width, kernel, stride, left, right, dilation in sizes:
        if width + left + right > (kernel - 1) * dilation:
            options = (1, stride), ((0, 0), (left, right)), (1, dilation)
            case = Convolution("", (1, 2, 2, width), 2, (1, kernel), *options)
            for name, call in convolution_calls(case, whole_numbers(rng, np.float32)).items():
                np.testing.assert_array_equal(call(), in_float64(call), err_msg=f"{name} {case}")


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
@pytest.mark.parametrize("dtype", DTYPES)
@given(case=poolings(), seed=st.integers(0, 99))
def test_any_max_pool_agrees_with_the_reference(case: Pooling, dtype: type[np.floating], seed: int) -> None:
    rng = np.random.default_rng(seed)
    calls = pooling_calls(case, hard_pixels(rng, dtype), rng)
    assert_same_maxima(calls["max_pool2d"])
    assert_agrees("max_pool2d_grad", calls["max_pool2d_grad"])
