"""Convolution in bfloat16 and its gradients: every tile, all shapes of the case table, against the reference."""

import hashlib
import inspect

import numpy as np
import pytest

from fastcnn.checking.bounds import require_within_bound
from fastcnn.checking.calls import convolution_arrays, whole_numbers
from fastcnn.checking.cases import Convolution
from fastcnn.kernels.cpu.functions import bfloat16
from fastcnn.kernels.cpu.products import loops, pairs
from fastcnn.kernels.cpu.products.geometry import frame
from fastcnn.kernels.reference import bfloat16 as reference
from fastcnn.kernels.reference import convolution as exact
from fastcnn.kernels.shapes import padding_pairs, pair
from fastcnn.kernels.threads import set_threads, threads
from tests.kernels.cases import COMPILED, CONVOLUTIONS, normal
from tests.kernels.cpu.tiles import amx_in_software
from tests.kernels.cpu.tiles.test_pairs import TILES

# The compiled kernel is kept on disk: its name changes with the instructions in software.
VERSION = hashlib.sha256(inspect.getsource(amx_in_software).encode()).hexdigest()[:8]
SOFTWARE = amx_in_software.TILE._replace(name=f"amx in software {VERSION}")

# Each group is one more call of the same kernels, so many of them are for one tile.
FEW_GROUPS = [case for case in CONVOLUTIONS if case.groups < 128]
MANY_GROUPS = [case for case in CONVOLUTIONS if case.groups >= 128]
# Without the compiler a tile is its twin in NumPy: then the driver of the AMX tile is enough.
UNITS = tuple(TILES) if COMPILED else ("amx in software",)


@pytest.fixture(scope="module", params=UNITS)
def unit(request):
    """The name of a tile, on one thread: then only the serial kernels are compiled."""
    before = threads()
    set_threads(1)
    pairs.PRODUCTS["amx in software"] = loops.products_with(SOFTWARE)
    yield request.param
    del pairs.PRODUCTS["amx in software"]
    set_threads(before)


def calls(case, arrays):
    """For each function its name and arguments."""
    options = pair("stride", case.stride), padding_pairs(case.padding), pair("dilation", case.dilation), case.groups
    x, weight, grad_out = arrays["x"], arrays["weight"], arrays["grad_out"]
    return {
        "conv2d": (x, weight, arrays.get("bias"), *options),
        "conv2d_grad_input": (grad_out, weight, case.input_shape, *options),
        "conv2d_grad_weight": (grad_out, x, case.kernel_size, *options),
    }


def magnitude(name, arguments):
    """The sum of the absolute values of all terms of each element, in float64."""
    sizes = [
        np.abs(reference.rounded(each, np.float64)) if isinstance(each, np.ndarray) and each.ndim == 4 else each
        for each in arguments
    ]
    if name == "conv2d" and sizes[2] is not None:
        sizes[2] = np.abs(sizes[2]).astype(np.float64)
    return getattr(exact, name)(*sizes)


@pytest.mark.parametrize("case", FEW_GROUPS, ids=str)
def test_every_tile_agrees_with_the_reference_on_rounded_numbers(unit, case, rng):
    check(case, unit, rng)


@pytest.mark.parametrize("unit", UNITS[-1:], indirect=True)
def test_a_tile_agrees_with_the_reference_on_many_groups(unit, rng):
    for case in MANY_GROUPS:
        check(case, unit, rng)


def check(case, unit, rng):
    """Each function on normal numbers, within the bound of float32 on rounded operands; nothing else is changed."""
    for name, arguments in calls(case, convolution_arrays(case, normal(rng, np.float32))).items():
        before = [each.copy() if isinstance(each, np.ndarray) else each for each in arguments]
        found = getattr(bfloat16, name)(*arguments, unit)
        expected = getattr(reference, name)(*arguments, dtype=np.float64)
        require_within_bound(f"{name}, {case}", found, expected, magnitude(name, arguments))
        assert found.dtype == np.float32 and found.flags.c_contiguous
        for each, old in zip(arguments, before, strict=True):
            if isinstance(each, np.ndarray):
                np.testing.assert_array_equal(each, old)


@pytest.mark.parametrize("case", FEW_GROUPS, ids=str)
def test_whole_numbers_give_equal_results(unit, case, rng):
    """They are exact in bfloat16, so the reference of float32 is the answer."""
    for name, arguments in calls(case, convolution_arrays(case, whole_numbers(rng))).items():
        found = getattr(bfloat16, name)(*arguments, unit)
        np.testing.assert_array_equal(found, getattr(exact, name)(*arguments), err_msg=name)


def test_infinities_and_nan_spread_as_in_the_reference(unit, rng):
    case = Convolution("", (2, 3, 6, 7), 4, (3, 2), stride=(1, 2), padding=((1, 0), (2, 1)))
    arrays = convolution_arrays(case, whole_numbers(rng))
    arrays["x"][0, 1, 2, 3] = np.nan
    arrays["x"][1, 2, 3, 4] = np.inf
    arguments = calls(case, arrays)["conv2d"]
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(bfloat16.conv2d(*arguments, unit), exact.conv2d(*arguments))


def test_the_kernels_round_as_the_reference_does(rng):
    numbers = np.concatenate((
        rng.integers(0, 1 << 32, 2000 if COMPILED else 200, np.uint32),
        np.array([0x3F808000, 0x3F818000, 0x7F7F8000, 0x7F800001, 0xFFFFFFFF, 0x8000, 0x8001], np.uint32),
    ))  # fmt: skip
    x = numbers.view(np.float32)
    out = np.zeros(x.size, np.uint16)
    pairs.to_pictures.serial(out, frame(1, 1, x.size), numbers.reshape(1, 1, 1, -1))
    np.testing.assert_array_equal(out, reference.to_bfloat16(x))


@pytest.mark.slow  # compiles each kernel once more, in the form for several threads
def test_threads_do_not_change_the_bits(rng):
    case = Convolution("", (24 if COMPILED else 2, 34, 13, 12), 50 if COMPILED else 3, (3, 3), padding=1)
    before = threads()
    try:
        for name, arguments in calls(case, convolution_arrays(case, normal(rng, np.float32))).items():
            found = []
            for count in (1, 2):
                set_threads(count)
                found.append(getattr(bfloat16, name)(*arguments, "plain"))
            np.testing.assert_array_equal(*found, err_msg=name)
    finally:
        set_threads(before)
