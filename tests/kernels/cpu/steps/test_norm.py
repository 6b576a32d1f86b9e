"""Batch normalisation's numbers for inference, made once from the running statistics."""

import numpy as np

from fastcnn.kernels.cpu.steps.norm import settle_running


def test_a_mean_below_the_normal_numbers_is_zero():
    """A channel that is always 0 has such a mean after a long training, and takes a CPU a hundred times as long."""
    mean = np.array([7e-45, -7e-45, 2e-38, -3.0], np.float32)
    var, weight, bias = np.array([0.0, 1.0, 4.0, 0.25], np.float32), np.arange(4.0, dtype=np.float32), mean[::-1].copy()
    statistics = np.ones(4 * 8, np.float32)  # a wide pixel has the four channels twice
    settle_running(statistics, weight, bias, mean, var, 1e-5)
    means, inverses, weights, biases = statistics.reshape(4, 2, 4)
    np.testing.assert_array_equal(means, [np.float32([0, 0, 2e-38, -3.0])] * 2)
    np.testing.assert_allclose(inverses, [1 / np.sqrt(var + np.float32(1e-5))] * 2, rtol=1e-6)
    np.testing.assert_array_equal(weights, [weight] * 2)
    np.testing.assert_array_equal(biases, [bias] * 2)
