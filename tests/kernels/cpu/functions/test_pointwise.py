"""The gradient of the weight of 1x1 convolutions: one of the two arrays is read plane by plane."""

import numpy as np
import pytest

from fastcnn.kernels import reference
from fastcnn.kernels.cpu.functions import pointwise
from fastcnn.kernels.threads import set_threads, threads
from tests.kernels.cases import COMPILED

OPTIONS = (1, 1), ((0, 0), (0, 0)), (1, 1)
MANY = 70 if COMPILED else 3  # more than a block of the sum over pictures


@pytest.fixture(autouse=True)
def threads_as_before():
    before = threads()
    yield
    set_threads(before)


def _arrays(rng, pictures, channels, filters, plane, dtype=np.float32):
    shapes = (pictures, filters, *plane), (pictures, channels, *plane)
    return [rng.integers(-4, 5, shape).astype(dtype) for shape in shapes]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("pictures", "channels", "filters", "plane", "groups"),
    [
        (1, 37, 5, (7, 6), 1),
        (2, 5, 35, (7, 6), 1),
        (3, 26, 18, (6, 7), 2),
        (2, 8, 32, (19, 17), 4),
        (MANY, 13, 3, (6, 6), 1),
    ],
)
def test_it_has_the_bits_of_the_reference(pictures, channels, filters, plane, groups, dtype, rng):
    """Whole numbers: every right answer has the same bits."""
    grad, x = _arrays(rng, pictures, channels, filters, plane, dtype)
    found = pointwise.conv2d_grad_weight(grad, x, groups)
    np.testing.assert_array_equal(found, reference.conv2d_grad_weight(grad, x, (1, 1), *OPTIONS, groups))


def test_bits_do_not_depend_on_the_threads(rng):
    plane = (40, 41) if COMPILED else (6, 7)
    grad, x = (rng.standard_normal((9, count, *plane)).astype(np.float32) for count in (40, 66))
    answers = set()
    for count in (1, 2, 3):
        set_threads(count)
        answers.add(pointwise.conv2d_grad_weight(grad, x, 1).tobytes())
    assert len(answers) == 1


def test_where_it_is_used():
    def used(kernel=(1, 1), stride=(1, 1), padding=((0, 0), (0, 0)), plane=(14, 14), channels=64):
        return pointwise.serves(kernel, stride, padding, plane, channels, np.dtype(np.float32))

    assert used()
    assert not used(kernel=(3, 3))
    assert not used(stride=(2, 2))
    assert not used(padding=((1, 1), (1, 1)))
    assert not used(plane=(32, 32))  # whose planes fall on one set of the cache
    assert not used(channels=3)
