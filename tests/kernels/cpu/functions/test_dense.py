"""Dense convolution of planes: every geometry that it may be given, though others are chosen for some of them."""

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.checking.cases import Convolution
from fastcnn.kernels import reference
from fastcnn.kernels.cpu.functions import dense
from fastcnn.kernels.threads import set_threads, threads
from tests.kernels.cases import COMPILED, FEWER

CASES = (
    *FEWER,
    Convolution("stride wider than the image, groups", (1, 6, 3, 1), 4, (2, 2), (1, 2), ((0, 0), (0, 1)), (2, 1), 2),
    Convolution("1x1 kernel, pixels that fill no tile", (2, 26, 5, 9), 30, (1, 1), groups=2),
    Convolution("1x1 kernel, whole tiles", (1, 3, 8, 8), 13, (1, 1)),
)


@pytest.fixture(autouse=True)
def threads_as_before():
    before = threads()
    yield
    set_threads(before)


def _arrays(case, rng, dtype):
    """Whole numbers: every right answer has the same bits."""
    shapes = case.input_shape, case.weight_shape, case.weight_shape[:1], case.output_shape
    return [rng.integers(-4, 5, shape).astype(dtype) for shape in shapes]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_any_geometry_has_the_bits_of_the_reference(case, dtype, rng):
    x, weight, bias, grad = _arrays(case, rng, dtype)
    args = *kernels._options(case.stride, case.padding, case.dilation, case.groups)[:3], case.groups
    np.testing.assert_array_equal(dense.conv2d(x, weight, bias, *args), reference.conv2d(x, weight, bias, *args))
    found = dense.conv2d_grad_input(grad, weight, x.shape, *args)
    np.testing.assert_array_equal(found, reference.conv2d_grad_input(grad, weight, x.shape, *args))


@pytest.mark.slow
@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("pictures", [1, 9])
def test_bits_do_not_depend_on_the_threads(kernel, pictures, rng):
    side = 90 if COMPILED else 6  # large enough for threads to share
    x = rng.standard_normal((pictures, 13, side, side)).astype(np.float32)
    weight = rng.standard_normal((37, 13, kernel, kernel)).astype(np.float32)
    pad = kernel // 2
    args = (1, 1), ((pad, pad), (pad, pad)), (1, 1), 1
    answers = set()
    for count in (1, 2, 3):
        set_threads(count)
        out = dense.conv2d(x, weight, None, *args)
        answers.add(out.tobytes() + dense.conv2d_grad_input(out, weight, x.shape, *args).tobytes())
    assert len(answers) == 1


def test_nothing_is_read_after_a_plane(rng):
    """A tile of a 1x1 kernel begins earlier where a plane ends: what follows the picture may be no number."""
    memory = np.full(2 * 7 * 7 + 64, np.nan, np.float32)
    x = memory[: 2 * 7 * 7].reshape(1, 2, 7, 7)
    x[:] = rng.integers(-4, 5, x.shape)
    weight = rng.integers(-4, 5, (5, 2, 1, 1)).astype(np.float32)
    args = (1, 1), ((0, 0), (0, 0)), (1, 1), 1
    np.testing.assert_array_equal(dense.conv2d(x, weight, None, *args), reference.conv2d(x, weight, None, *args))


def test_the_faster_way_is_chosen():
    """As measured: see docs/kernels.md."""

    def chosen(side, kernel, padding, sources, results):
        args = (side, side), (kernel, kernel), (1, 1), ((padding, padding),) * 2, (1, 1)
        return dense.serves(*args, sources, results, False, np.dtype(np.float32))

    assert chosen(14, 1, 0, 256, 64)
    assert chosen(28, 5, 0, 1, 30)
    assert not chosen(14, 3, 1, 256, 256)
    assert not chosen(28, 5, 2, 32, 32)
