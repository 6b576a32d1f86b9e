"""The kernels between steps that read or write bfloat16's bits, each against NumPy or against its twin of float32."""

import numpy as np
import pytest

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.bfloat16 import rounding
from fastcnn.kernels.cpu.products.geometry import frame
from fastcnn.kernels.cpu.products.pairs import as_bits
from fastcnn.kernels.cpu.steps import elementwise
from fastcnn.kernels.reference.bfloat16 import from_bfloat16, to_bfloat16

ODD = [0.0, -0.0, np.nan, -np.nan, np.inf, -np.inf, 1e-45, -1e-45, 1.00390625, -1.01171875, 3e38, 3.4e38]


def numbers(rng, count):
    """float32 numbers, with ties, signed zeros, NaN and infinities among them."""
    x = aligned_zeros(count, np.float32)
    x[:] = rng.standard_normal(count)
    places = rng.permutation(count)[: count // 2]
    x[places] = np.resize(np.array(ODD, np.float32), len(places))
    return x


def kept(x, in_bits):
    """The numbers as a kernel gets them: as bfloat16's bits, or as the bits of float32."""
    if not in_bits:
        return as_bits(x)
    bits = aligned_zeros(len(x), np.uint16)
    bits[:] = to_bfloat16(x)
    return bits


def inside(data, where, images):
    """The pictures (N, H, W, C) in a frame, as a view."""
    rows = data[: images * where.image].reshape(images, -1, where.row // where.channels, where.channels)
    return rows[:, where.top : where.top + where.height, where.left : where.left + where.width]


@pytest.mark.parametrize("channels", [1, 6, 35])
@pytest.mark.parametrize("in_bits", [False, True])
@pytest.mark.parametrize("mask_in_bits", [False, True])
def test_gradients_pass_a_relu_rounded(rng, channels, in_bits, mask_in_bits):
    bordered, plain = frame(channels, 3, 5, ((1, 0), (2, 1))), frame(channels, 3, 5)
    into = frame(channels + channels % 2, 3, 5, ((0, 2), (1, 1)))
    grad, passed = numbers(rng, 2 * plain.image), numbers(rng, 2 * bordered.image)
    out = aligned_zeros(2 * into.image, np.uint16)
    arrays = kept(grad, in_bits), plain, kept(passed, mask_in_bits), bordered
    rounding.round_relu_gradient.serial(out, into, *arrays, 2)
    mask = inside(from_bfloat16(to_bfloat16(passed)), bordered, 2)
    expected = np.where(mask <= 0, np.uint16(0), inside(to_bfloat16(grad), plain, 2))
    np.testing.assert_array_equal(inside(out, into, 2)[..., :channels], expected)
    assert np.count_nonzero(out) == np.count_nonzero(expected)


@pytest.mark.parametrize("channels", [1, 6, 35])
@pytest.mark.parametrize("in_bits", [False, True])
def test_gradients_pass_a_max_pool_rounded(rng, channels, in_bits):
    plain, whole = frame(channels, 2, 3), frame(channels, 5, 7, ((1, 0), (0, 1)))
    grad, codes = numbers(rng, 2 * plain.image), rng.integers(0, 5, 2 * 6 * 64).astype(np.uint8)
    expected = aligned_zeros(2 * whole.image, np.float32)
    elementwise.unpool_gradient.serial(expected, whole, grad, plain, codes, 64, 2)
    into = frame(channels + channels % 2, 5, 7, ((1, 1), (2, 1)))
    out = aligned_zeros(2 * into.image, np.uint16)
    rounding.round_unpooled.serial(out, into, kept(grad, in_bits), plain, codes, 64, 2)
    found = inside(out, into, 2)[..., :channels]
    np.testing.assert_array_equal(found, to_bfloat16(np.ascontiguousarray(inside(expected, whole, 2))))
    assert np.count_nonzero(out) == np.count_nonzero(found)


@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
@pytest.mark.parametrize("channels", [2, 34])
def test_planes_are_the_same_from_bits(rng, channels, stride):
    where = frame(channels, 4, 9, ((1, 1), (1, 1)))
    x, pixels = numbers(rng, 2 * where.image), np.arange(9) * channels
    shape = 2, channels, *stride, -(-6 // stride[0]), -(-11 // stride[1])
    found, expected = np.zeros(shape, np.uint16), np.zeros(shape, np.uint16)
    rounding.copy_planes.serial(found, kept(x, True), where, pixels, 1, 1, 2)
    rounding.round_planes.serial(expected, x, where, pixels, 1, 1, 2)
    np.testing.assert_array_equal(found, expected)
    pictures = inside(to_bfloat16(x), where, 2)
    planes = found[:, :, 1 % stride[0], 1 % stride[1]]
    np.testing.assert_array_equal(planes[0, :, 1 // stride[0], 1 // stride[1]], pictures[0, 0, 0])


@pytest.mark.parametrize("channels", [1, 6, 35, 80])
def test_sums_of_channels_are_the_same_from_bits(rng, channels):
    where = frame(channels, 4, 5, ((1, 0), (1, 2)))
    bits = aligned_zeros(3 * where.image, np.uint16)
    bits[:] = to_bfloat16(rng.standard_normal(len(bits)))
    wide = elementwise.wide_pixel(channels, 5)
    exact = aligned_zeros(len(bits), np.float32)
    exact[:] = from_bfloat16(bits)
    found, expected = (aligned_zeros(2 * wide, np.float64) for _ in range(2))
    elementwise.channel_sums.serial(found, bits, where, wide, 3, 2)
    elementwise.channel_sums.serial(expected, exact, where, wide, 3, 2)
    assert found.tobytes() == expected.tobytes()
    sums = inside(exact, where, 3)[:2].sum(axis=(0, 1, 2), dtype=np.float64)
    np.testing.assert_allclose(found[:channels], sums, rtol=0, atol=1e-12)
