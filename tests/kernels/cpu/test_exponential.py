"""exp and erfc of the activations, against decimal arithmetic and the C library: the errors that their files state."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from fastcnn.kernels.cpu.steps.error_function import erfc
from fastcnn.kernels.cpu.steps.exponential import LARGEST, exp_of_minus

EPS = np.finfo(np.float64).eps


def test_exp_is_within_two_eps(rng):
    near_halves = (np.arange(40) + 0.5) * math.log(2)  # where n changes, and |r| is largest
    given = np.concatenate([rng.random(500) * 3, rng.random(500) * LARGEST, near_halves, [0, 5e-324, 1e-17, LARGEST]])
    with localcontext() as context:
        context.prec = 40
        for t in given.tolist():
            exact = (-Decimal(t)).exp()
            assert abs(Decimal(float(exp_of_minus(t))) - exact) <= Decimal(2 * EPS) * exact, t


def test_the_ends_of_exp():
    assert exp_of_minus(0.0) == 1.0
    assert 0 < exp_of_minus(1e9) == exp_of_minus(math.inf) == exp_of_minus(LARGEST) < 1e-307


def test_erfc_is_within_its_bound(rng):
    """8 eps for the polynomial and the products, and 2 z² eps for the rounding of z²; the C library has 1 eps."""
    for z in [*(rng.random(2000) * 26).tolist(), *rng.standard_normal(2000).tolist(), -6.0, 0.0, 1e-300, 26.0]:
        exact = math.erfc(z)
        assert abs(erfc(z) - exact) <= (8 + 1 + 2 * max(z, 0.0) ** 2) * EPS * exact, z


def test_the_ends_of_erfc():
    assert (erfc(0.0), erfc(math.inf), erfc(-math.inf)) == (1.0, 0.0, 2.0)
    assert math.isnan(erfc(math.nan))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_narrow_number_is_no_narrow_result(dtype):
    assert np.asarray(exp_of_minus(dtype(1))).dtype == np.float64
    assert abs(exp_of_minus(dtype(1)) - math.exp(-1)) <= EPS
