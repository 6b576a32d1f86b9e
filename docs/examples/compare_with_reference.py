"""Compare the compiled kernels with the reference, which is the definition of correct."""

import numpy as np

from fastcnn import kernels

rng = np.random.default_rng(0)
x = rng.standard_normal((2, 3, 12, 10), dtype=np.float32)  # (N, C, H, W)
weight = rng.standard_normal((4, 3, 3, 3), dtype=np.float32)  # (K, C, R, S)
bias = rng.standard_normal(4, dtype=np.float32)
options = {"stride": (2, 1), "padding": 1, "dilation": (1, 2)}

answers = {}
for name in ("cpu", "reference"):
    kernels.use(name)
    answers[name] = kernels.conv2d(x, weight, bias, **options)
    magnitude = kernels.conv2d(abs(x), abs(weight), abs(bias), **options)  # the sum of |x| |w|

error = np.abs(answers["cpu"] - answers["reference"])
bound = 8 * np.finfo(np.float32).eps * magnitude  # what the rounding of float32 allows
print(f"largest difference {error.max():.2g}, at most {(error / bound).max():.0%} of what rounding allows")
assert (error <= bound).all()
