"""A wrong kernel has no speed: the checks reject one wrong value, a NaN and another shape."""

from math import prod

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.bench.speed import layers
from fastcnn.checking.bounds import WrongAnswerError, require_close, require_equal, require_within_bound
from fastcnn.checking.calls import whole_numbers
from fastcnn.checking.cases import LAYERS, Convolution

EXPECTED = np.arange(12.0).reshape(3, 4)
SMALL = Convolution("test", (3, 5, 9, 9), 7, (3, 3), stride=2, padding=1)


CHECKS = [
    require_equal,
    lambda *arrays: require_close(*arrays, tolerance=1e-3),
    lambda *arrays: require_within_bound(*arrays, magnitude=EXPECTED),
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("value", [np.nan, np.inf, 5.5])
def test_one_wrong_value_is_rejected(check, value):
    wrong = EXPECTED.copy()
    wrong[1, 2] = value
    with pytest.raises(WrongAnswerError, match=r"^name: "):
        check("name", wrong, EXPECTED)


@pytest.mark.parametrize("check", CHECKS)
def test_another_shape_is_rejected(check):
    with pytest.raises(WrongAnswerError, match="shape"):
        check("name", EXPECTED.T, EXPECTED)
    with pytest.raises(WrongAnswerError, match="shape"):
        check("name", EXPECTED[:1], EXPECTED)  # NumPy would stretch it


def test_right_answers_pass():
    require_equal("name", EXPECTED.copy(), EXPECTED)
    require_close("name", EXPECTED + 1e-6, EXPECTED, 1e-6)
    require_within_bound("name", EXPECTED * (1 + 8 * 2.0**-52), EXPECTED, EXPECTED)
    with pytest.raises(WrongAnswerError):
        require_within_bound("name", EXPECTED * (1 + 9 * 2.0**-52), EXPECTED, EXPECTED)


def test_the_message_names_the_first_wrong_value():
    wrong = EXPECTED.copy()
    wrong[2, 1:] = 0
    with pytest.raises(WrongAnswerError, match=r"3 of 12 values are wrong, the first at \(2, 1\): 0.0 and not 9.0"):
        require_equal("name", wrong, EXPECTED)


def test_whole_numbers_sum_exactly_in_the_largest_case(rng):
    terms = max(layer.batch * prod(layer.output_shape[2:]) for layer in LAYERS)  # of a weight's gradient
    terms = max(terms, *(prod(layer.weight_shape[1:]) for layer in LAYERS))
    limit = np.abs(whole_numbers(rng)((1000,))).max()
    assert limit**2 * terms < 2**24


@pytest.mark.parametrize("count", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_layer_in_network_is_the_reference_to_the_last_bit(count, one_thread):  # which puts their number back
    from fastcnn.kernels.threads import set_threads

    kernels.use("cpu")
    set_threads(count)
    data = layers.draw(SMALL)
    layer = layers.LayerInNetwork(SMALL, **data)
    for direction in layers.DIRECTIONS:
        layer.call(direction)()
    x, weight, bias, grad_out = (data[name] for name in ("x", "weight", "bias", "grad_out"))
    options = (2, 2), ((1, 1), (1, 1)), (1, 1), 1
    from fastcnn.kernels import reference

    require_equal("forward", layer.answer("forward")[0], reference.conv2d(x, weight, bias, *options))
    grad_input, grad_weight, grad_bias = layer.answer("gradients")
    require_equal("grad_input", grad_input, reference.conv2d_grad_input(grad_out, weight, x.shape, *options))
    require_equal("grad_weight", grad_weight, reference.conv2d_grad_weight(grad_out, x, (3, 3), *options))
    require_equal("grad_bias", grad_bias, grad_out.sum(axis=(0, 2, 3)))


def test_a_wrong_kernel_is_not_timed(monkeypatch):
    """Both sides' answers are compared in `measure`, before `interleave` is reached."""
    from fastcnn.bench.harness.settings import Settings

    class OtherSide:
        def build(self, target, **given):
            return []

        def answer(self, name):
            return [np.zeros(SMALL.output_shape, np.float32)]

    def timed(*args, **options):
        raise AssertionError("a wrong answer was timed")

    kernels.use("cpu")
    monkeypatch.setattr(layers, "interleave", timed)
    with pytest.raises(WrongAnswerError, match="forward"):
        layers.measure(SMALL, Settings(threads=(1,)), OtherSide())


def test_there_are_24_layers_of_different_names():
    assert len({layer.name for layer in LAYERS}) == len(LAYERS) == 24


def test_flop_of_a_hand_worked_layer():
    # 2 x 3 pictures x 5x5 pixels x 7 filters x 5 channels x 9 taps
    assert (SMALL.output_shape, SMALL.flop) == ((3, 7, 5, 5), 2 * 3 * 25 * 7 * 5 * 9)
