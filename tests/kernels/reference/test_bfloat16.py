"""Rounding to bfloat16 and products of rounded numbers, against numbers that were worked out by hand."""

import numpy as np
import pytest

from fastcnn.kernels.reference import bfloat16

# Bits of a float32 number: the upper 16 are those of a bfloat16 number. In the neighbourhood of 1 two of them are
# 2**-7 apart.
ONE, ABOVE_ONE = 0x3F80, 0x3F81
ROUNDED = {
    0x3F80_0000: ONE,  # 1 itself
    0x3F80_7FFF: ONE,  # a little less than half way to 1 + 2**-7
    0x3F80_8000: ONE,  # half way: the last bit of 1 is 0
    0x3F80_8001: ABOVE_ONE,
    0x3F81_7FFF: ABOVE_ONE,
    0x3F81_8000: 0x3F82,  # half way from 1 + 2**-7 to 1 + 2**-6: the last bit of the upper one is 0
    0xBF81_8000: 0xBF82,  # the same below zero
    0x3FFF_8000: 0x4000,  # half way from 2 - 2**-7 to 2: the fraction overflows into the exponent
    0x0000_0000: 0x0000,
    0x8000_0000: 0x8000,  # minus zero
    0x0000_8000: 0x0000,  # denormal, half way: the last bit of 0 is 0
    0x0000_8001: 0x0001,
    0x0001_8000: 0x0002,
    0x7F7F_7FFF: 0x7F7F,  # the largest bfloat16 number is 0x7F7F
    0x7F7F_8000: 0x7F80,  # half way to the number after it, which does not exist: infinity
    0x7F80_0000: 0x7F80,  # infinity
    0xFF80_0000: 0xFF80,
    0x7FC0_0000: 0x7FC0,  # NaN
    0x7F80_0001: 0x7FC0,  # NaN whose upper half alone would be infinity
    0xFFFF_FFFF: 0xFFFF,  # NaN whose upper half would overflow
}


@pytest.mark.parametrize(("bits", "expected"), ROUNDED.items(), ids=hex)
def test_rounding_is_to_the_nearest_with_ties_to_even(bits, expected):
    number = np.array([bits], np.uint32).view(np.float32)
    assert bfloat16.to_bfloat16(number).tolist() == [expected]


def test_every_bfloat16_number_is_rounded_to_itself_and_nan_to_nan():
    bits = np.arange(1 << 16, dtype=np.uint16)
    numbers = bfloat16.from_bfloat16(bits)
    is_nan = ((bits & 0x7F80) == 0x7F80) & ((bits & 0x7F) != 0)
    np.testing.assert_array_equal(np.isnan(numbers), is_nan)
    np.testing.assert_array_equal(bfloat16.to_bfloat16(numbers)[~is_nan], bits[~is_nan])
    assert np.isnan(bfloat16.rounded(numbers)[is_nan]).all()


def test_rounding_is_off_by_at_most_half_a_unit_in_the_last_place(rng):
    x = (rng.standard_normal(10_000) * 2.0 ** rng.integers(-60, 60, 10_000)).astype(np.float32)
    unit = 2.0 ** (np.floor(np.log2(np.abs(x.astype(np.float64)))) - 7)
    assert (np.abs(bfloat16.rounded(x, np.float64) - x) <= unit / 2).all()


# 1 + 2**-8 is half way between 1 and 1 + 2**-7, and becomes 1; 1 + 3 * 2**-8 becomes 1 + 2**-6. 257 becomes 256, and
# 259 becomes 260, because from 256 on the numbers are 2 apart.
X = np.array([[[[1 + 2**-8, 257], [259, 3]]]], np.float32)
WEIGHT = np.array([[[[2, 1], [0.5, -1]]]], np.float32)
BIAS = np.array([0.1], np.float32)
PLAIN = (1, 1), ((0, 0), (0, 0)), (1, 1), 1


def test_convolution_rounds_its_operands_but_not_the_bias():
    # 1 * 2 + 256 * 1 + 260 * 0.5 - 3 * 1
    found = bfloat16.conv2d(X, WEIGHT, BIAS, *PLAIN, dtype=np.float64)
    assert found.tolist() == [[[[385 + float(np.float32(0.1))]]]]
    assert bfloat16.conv2d(X, WEIGHT, None, *PLAIN).dtype == np.float32


def test_gradients_round_their_operands():
    grad_out = np.array([[[[1 + 3 * 2**-8]]]], np.float32)
    g = 1 + 2**-6
    assert bfloat16.conv2d_grad_input(grad_out, WEIGHT, X.shape, *PLAIN).tolist() == [[[[2 * g, g], [g / 2, -g]]]]
    assert bfloat16.conv2d_grad_weight(grad_out, X, (2, 2), *PLAIN).tolist() == [[[[g, 256 * g], [260 * g, 3 * g]]]]
