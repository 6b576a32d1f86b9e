"""What must hold of every kernel on every backend, whatever the numbers: algebra, memory layout, ownership, threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.checking.calls import Call, convolution_calls, pooling_calls, whole_numbers
from fastcnn.checking.cases import Convolution, Pooling
from fastcnn.kernels import backends
from tests.kernels.cases import CONVOLUTIONS, DTYPES, SIMULATED, normal

pytestmark = pytest.mark.usefixtures("backend")

# Under the simulator smaller ones, and few of the table.
SHAPE, OUT_CHANNELS = ((2, 4, 4, 5), 6) if SIMULATED else ((4, 6, 9, 8), 10)
CONVOLUTION = Convolution("", SHAPE, OUT_CHANNELS, (3, 2), stride=(1, 2), padding=((1, 0), (2, 1)), groups=2)
POOLING = Pooling("", SHAPE, (3, 2), stride=(2, 1), padding=(1, 0))
TABLE = [case for case in CONVOLUTIONS if case.flop <= 4000] if SIMULATED else CONVOLUTIONS
THREADS_CALLS = 4 if SIMULATED else 24
NAMES = ("conv2d", "conv2d_grad_input", "conv2d_grad_weight", "im2col", "col2im", "max_pool2d", "max_pool2d_grad")


def all_calls(rng: np.random.Generator, dtype: type[np.floating]) -> dict[str, Call]:
    draw = normal(rng, dtype)
    return {**convolution_calls(CONVOLUTION, draw), **pooling_calls(POOLING, draw, rng)}


def results(call: Call) -> tuple[np.ndarray, ...]:
    """The call's arrays, of which max_pool2d has two."""
    result: Any = call()
    return result if isinstance(result, tuple) else (result,)


def assert_same_bits(actual: tuple[np.ndarray, ...], expected: tuple[np.ndarray, ...]) -> None:
    assert [(array.shape, array.dtype, array.tobytes()) for array in actual] == [
        (array.shape, array.dtype, array.tobytes()) for array in expected
    ]


def inner(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.vdot(a.astype(np.float64), b.astype(np.float64)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", TABLE, ids=str)
def test_gradients_are_adjoint(case: Convolution, dtype: type[np.floating], rng: np.random.Generator) -> None:
    """<conv(x, w), g> = <x, grad_input(g, w)> = <w, grad_weight(g, x)>; <im2col(x), y> = <x, col2im(y)>; exactly."""
    calls = convolution_calls(case, whole_numbers(rng, dtype))
    calls["conv2d"].arrays.pop("bias", None)
    arrays = {**calls["conv2d"].arrays, **calls["conv2d_grad_weight"].arrays, **calls["col2im"].arrays}
    x, weight, grad_out, cols = (arrays[name] for name in ("x", "weight", "grad_out", "cols"))
    expected = inner(calls["conv2d"](), grad_out)
    assert inner(x, calls["conv2d_grad_input"]()) == expected
    assert inner(weight, calls["conv2d_grad_weight"]()) == expected
    assert inner(calls["im2col"](), cols) == inner(x, calls["col2im"]())


@pytest.mark.parametrize("name", NAMES[:5])
def test_kernels_are_linear_in_each_array(name: str, rng: np.random.Generator) -> None:
    """f(2a - 3b) = 2 f(a) - 3 f(b), exactly in whole numbers; a bias is left out, it makes conv2d affine."""
    draw = whole_numbers(rng, np.float32)
    call = convolution_calls(CONVOLUTION, draw)[name]
    call.arrays.pop("bias", None)
    for argument, a in call.arrays.items():
        b = draw(a.shape)
        of_a, of_b, of_both = (
            replace(call, arrays={**call.arrays, argument: array})() for array in (a, b, 2 * a - 3 * b)
        )
        np.testing.assert_array_equal(of_both, 2 * of_a - 3 * of_b, err_msg=argument)


def _strided(array: np.ndarray) -> np.ndarray:
    wide = np.full([2 * size for size in array.shape], 77, array.dtype)
    every_second = wide[(slice(1, None, 2),) * array.ndim]
    every_second[...] = array
    return every_second


def _reversed(array: np.ndarray) -> np.ndarray:
    back = (slice(None, None, -1),) * array.ndim
    return array[back].copy()[back]


def _read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flags.writeable = False
    return array


def _misaligned(array: np.ndarray) -> np.ndarray:
    memory = np.zeros(array.nbytes + 1, np.uint8)
    shifted = memory[1:].view(array.dtype).reshape(array.shape)
    shifted[...] = array
    assert not shifted.flags.aligned
    return shifted


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "Fortran order": np.asfortranarray,
    "strided": _strided,
    "negative strides": _reversed,
    "read-only": _read_only,
    "misaligned": _misaligned,
    "byte-swapped": lambda array: array.astype(array.dtype.newbyteorder()),
    "subclass": lambda array: array.copy().view(np.memmap),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMES)
def test_any_memory_layout_gives_the_same_bits(name: str, layout: str, rng: np.random.Generator) -> None:
    call = all_calls(rng, np.float32)[name]
    assert_same_bits(results(call.with_arrays(LAYOUTS[layout])), results(call))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMES)
def test_backends_are_given_plain_arrays(
    name: str, layout: str, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numba compiles each kernel again for any other kind of array, and vector code reads it wrongly."""
    given: list[np.ndarray] = []

    def record(*arguments: Any) -> None:
        given.extend(argument for argument in arguments if isinstance(argument, np.ndarray))

    call = all_calls(rng, np.float32)[name]
    monkeypatch.setattr(backends, "_chosen", ("probe", SimpleNamespace(**dict.fromkeys(NAMES, record))))
    call.with_arrays(LAYOUTS[layout])()
    assert len(given) == len(call.arrays)
    for array in given:
        assert type(array) is np.ndarray
        assert array.flags.c_contiguous and array.flags.aligned and array.flags.writeable
        assert array.dtype.isnative


def test_constant_broadcast_over_one_number_is_taken(rng: np.random.Generator) -> None:
    weight = rng.standard_normal((2, 3, 2, 2))
    constant = np.broadcast_to(np.float64(1.5), (2, 3, 4, 5))
    assert kernels.conv2d(constant, weight).tolist() == kernels.conv2d(np.full((2, 3, 4, 5), 1.5), weight).tolist()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_inputs_are_not_modified_and_outputs_are_fresh(
    name: str, dtype: type[np.floating], rng: np.random.Generator
) -> None:
    call = all_calls(rng, dtype)[name]
    before = {argument: array.copy() for argument, array in call.arrays.items()}
    first, second = results(call), results(call)
    for argument, array in call.arrays.items():
        np.testing.assert_array_equal(array, before[argument], err_msg=argument)
    for out, again in zip(first, second, strict=True):
        assert out.flags.c_contiguous and out.flags.writeable and out.flags.aligned
        assert out.dtype in (dtype, np.int64)
        assert not np.shares_memory(out, again)
        assert not any(np.shares_memory(out, array) for array in call.arrays.values())
    assert first[0].dtype == dtype


@pytest.mark.parametrize("kernel_size", [1, (1, 1)])
def test_outputs_are_fresh_where_nothing_is_to_be_done(kernel_size: object) -> None:
    """A 1x1 window over one channel is the image itself, but its memory is not."""
    x = np.ones((1, 1, 3, 4), np.float32)
    for out in (kernels.im2col(x, kernel_size), kernels.max_pool2d(x, kernel_size)[0]):  # type: ignore[arg-type]
        assert not np.shares_memory(out, x)
    cols = np.ones((12, 1), np.float32)
    assert not np.shares_memory(kernels.col2im(cols, (1, 1, 3, 4), kernel_size), cols)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMES)
def test_python_threads_at_once_get_the_same_bits(name: str, rng: np.random.Generator) -> None:
    call = all_calls(rng, np.float32)[name]
    expected = results(call)
    with ThreadPoolExecutor(max_workers=4) as pool:
        for result in pool.map(lambda _: results(call), range(THREADS_CALLS)):
            assert_same_bits(result, expected)


def test_one_image_alone_and_in_a_batch(rng: np.random.Generator) -> None:
    """Images do not see each other."""
    draw = whole_numbers(rng, np.float32)
    x, weight = draw((5, 3, 7, 6)), draw((4, 3, 3, 2))
    batch = kernels.conv2d(x, weight)
    pooled, argmax = kernels.max_pool2d(x, 2)
    for n in range(5):
        np.testing.assert_array_equal(kernels.conv2d(x[n : n + 1], weight), batch[n : n + 1])
        one_pooled, one_argmax = kernels.max_pool2d(x[n : n + 1], 2)
        np.testing.assert_array_equal(one_pooled, pooled[n : n + 1])
        np.testing.assert_array_equal(one_argmax, argmax[n : n + 1])
