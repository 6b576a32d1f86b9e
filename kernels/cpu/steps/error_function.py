"""The complementary error function in operations that LLVM turns into vector code, for GELU.

For z >= 0, erfc(z) = exp(-z²) * t * P(u) with t = 3 / (3 + z), from 0 to 1, and u = 2t - 1. For z < 0 it is
2 - erfc(-z). P is the polynomial of degree 23 through the values at the 24 Chebyshev points of u, computed with 50
digits. It differs from the function by at most 2.2e-17 of its value. The rounding of z² counts most: the relative error
is at most (8 + 2 z²) eps of float64. GELU's argument of `math.erfc` is rounded too, which counts as much.
"""

import numpy as np

from fastcnn.kernels.cpu.steps.exponential import exp_of_minus
from fastcnn.kernels.cpu.toolchain.jit import inner

CENTRE = 3.0
P0, P1, P2, P3, P4, P5, P6, P7, P8, P9, P10, P11, P12, P13, P14, P15, P16, P17, P18, P19, P20, P21, P22, P23 = (
    0.3580023023627799, 0.2944648177232945, 0.1967427857013695, 0.1034890873001889, 0.03984258709565953,
    0.008942411541493538, -0.0004041388738382599, -0.0010113540003986608, -0.00018276991508258444,
    9.225928273365532e-05, 3.585392750000691e-05, -1.0132730174040267e-05, -5.823868584100777e-06,
    1.5831303440440469e-06, 9.226037418424269e-07, -3.3314597870270045e-07, -1.3725325306312533e-07,
    7.818223334208088e-08, 1.667106728097079e-08, -1.7222715872994848e-08, -1.1971203723870318e-09,
    2.9626149638389826e-09, 3.719707966416795e-12, -2.8159509281076503e-10,
)  # fmt: skip


@inner(forceinline=True)  # a call would keep the loop scalar
def erfc(z):
    """As a float64. Below 1e-307 it is not exact."""
    size = np.float64(abs(z))
    t = CENTRE / (CENTRE + size)
    u = 2.0 * t - 1.0
    series = (((((P23 * u + P22) * u + P21) * u + P20) * u + P19) * u + P18) * u + P17
    series = (((((series * u + P16) * u + P15) * u + P14) * u + P13) * u + P12) * u + P11
    series = (((((series * u + P10) * u + P9) * u + P8) * u + P7) * u + P6) * u + P5
    series = ((((series * u + P4) * u + P3) * u + P2) * u + P1) * u + P0
    above = exp_of_minus(size * size) * t * series
    return above if z >= 0 else 2.0 - above
