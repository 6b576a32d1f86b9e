"""The gradient of the weight from planes: every geometry that it may be given, though others are chosen for some."""

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.checking.cases import Convolution
from fastcnn.kernels import reference
from fastcnn.kernels.arrays import padded_count
from fastcnn.kernels.cpu.functions import crosses
from fastcnn.kernels.cpu.products.crosses import PART_PIXELS
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES
from fastcnn.kernels.threads import set_threads, threads
from tests.kernels.cases import COMPILED, FEWER

MANY = 40 if COMPILED else 3  # pictures: several blocks of them
CASES = (
    *(case for case in FEWER if case.batch),
    Convolution("rows in several parts", (1, 3, PART_PIXELS // 20, 40), 5, (3, 3), padding=1),
    Convolution("more channels than a task reads", (MANY, crosses.SOURCES + 3, 7, 9), 13, (2, 2), groups=1),
    Convolution("more filters than a task reads", (1, 4, 9, 8), 2 * (crosses.FILTERS + 5), (3, 3), 2, 1, groups=2),
    Convolution("blocks of pictures", (MANY, 1, 20, 21), 9, (5, 5)),
)


@pytest.fixture(autouse=True)
def threads_as_before():
    before = threads()
    yield
    set_threads(before)


def _arguments(case):
    strides, sides, dilations, groups = kernels._options(case.stride, case.padding, case.dilation, case.groups)
    return case.kernel_size, strides, sides, dilations, groups


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_any_geometry_has_the_bits_of_the_reference(case, dtype, rng):
    """Whole numbers: every right answer has the same bits."""
    grad, x = (rng.integers(-4, 5, shape).astype(dtype) for shape in (case.output_shape, case.input_shape))
    expected = reference.conv2d_grad_weight(grad, x, *_arguments(case))
    np.testing.assert_array_equal(crosses.conv2d_grad_weight(grad, x, *_arguments(case)), expected)


@pytest.mark.parametrize("case", CASES[-4:], ids=str)
def test_it_stays_within_the_bound(case, rng):
    grad, x = (rng.standard_normal(shape).astype(np.float32) for shape in (case.output_shape, case.input_shape))
    found = crosses.conv2d_grad_weight(grad, x, *_arguments(case))
    wide = [each.astype(np.float64) for each in (grad, x)]
    exact = reference.conv2d_grad_weight(*wide, *_arguments(case))
    bound = 8 * np.finfo(np.float32).eps * reference.conv2d_grad_weight(*map(np.abs, wide), *_arguments(case))
    assert (np.abs(found - exact) <= bound).all()


@pytest.mark.slow  # compiles the kernels with threads
@pytest.mark.parametrize("pictures", [1, 9])
def test_bits_do_not_depend_on_the_threads(pictures, rng):
    side = 60 if COMPILED else 6  # large enough for threads to share
    x = rng.standard_normal((pictures, 3, side, side)).astype(np.float32)
    grad = rng.standard_normal((pictures, 70, side, side)).astype(np.float32)
    answers = set()
    for count in (1, 2, 3):
        set_threads(count)
        found = crosses.conv2d_grad_weight(grad, x, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1)
        answers.add(found.tobytes())
    assert len(answers) == 1


def test_a_pixel_that_is_no_number_spoils_only_the_taps_that_see_it(rng):
    """Vectors reach over the ends of rows, where the gradient has no pixel: 0 * NaN would be NaN."""
    lanes = VECTOR_BYTES // 4
    x = rng.integers(-4, 5, (1, 1, 5, lanes + 3)).astype(np.float32)
    x[0, 0, :, -1], x[0, 0, :, 0] = np.nan, np.inf
    grad = rng.integers(1, 5, (1, 5, 5, lanes + 3)).astype(np.float32)
    args = (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1
    with np.errstate(invalid="ignore"):
        expected = reference.conv2d_grad_weight(grad, x, *args)
    found = crosses.conv2d_grad_weight(grad, x, *args)
    np.testing.assert_array_equal(found, expected)
    assert np.isinf(found[..., 0]).all() and np.isnan(found[..., 1:]).any()


def test_where_it_is_used():
    dtype = np.dtype(np.float32)
    whole = padded_count(1, dtype)
    assert crosses.serves(1, whole, dtype)
    assert not crosses.serves(64, whole, dtype)
    assert not crosses.serves(1, whole // 2, dtype)  # whose rows would be padded to twice their length
