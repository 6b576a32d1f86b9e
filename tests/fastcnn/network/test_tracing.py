"""`Sequential.trace`: each layer's input and output, against hand's work, the layers alone and the network's answer."""

import itertools

import numpy as np
import pytest

from fastcnn.layers import Affine, Concat, Conv2d, Dropout, Flatten, MaxPool2d, ReLU, Residual
from fastcnn.network.sequential import Sequential
from tests.fastcnn.network.branched import NETWORKS


def _small():
    network = Sequential([Conv2d(1, 2), ReLU(), MaxPool2d(2), Flatten(), Affine(2)], input_shape=(1, 3, 3), seed=0)
    network.load_state_arrays(
        {
            "0.weight": np.array([[[[1, 0], [0, -1]]]], np.float32),
            "0.bias": np.array([0.5], np.float32),
            "4.weight": np.array([[2, -1]], np.float32),
            "4.bias": np.array([0, 1], np.float32),
        }
    )
    return network


def test_a_small_network_gives_the_numbers_worked_by_hand():
    picture = np.array([[[[0, 1, 2], [3, 4, 0], [1, 1, 1]]]], np.float32)
    convolution, relu, pool, flat, affine = _small().trace(picture)
    # 0 - 4, 1 - 0, 3 - 1 and 4 - 1, each with 0.5 more
    assert convolution.out.tolist() == [[[[-3.5, 1.5], [2.5, 3.5]]]]
    assert relu.out.tolist() == [[[[0, 1.5], [2.5, 3.5]]]]
    assert pool.out.tolist() == [[[[3.5]]]]
    assert flat.out.tolist() == [[3.5]]
    assert affine.out.tolist() == [[7, -2.5]]


def test_outputs_are_the_inputs_of_the_next_layers():
    records = _small().trace(np.ones((2, 1, 3, 3), np.float32))
    assert [each.layer.name for each in records] == ["0", "1", "2", "3", "4"]
    assert all(after.x is before.out for before, after in itertools.pairwise(records))


def test_bytes_are_divided_by_255():
    picture = np.full((1, 1, 3, 3), 51, np.uint8)
    assert _small().trace(picture)[0].x == pytest.approx(0.2)


def test_layers_inside_others_come_before_them():
    inner = Residual(Conv2d(2, 3, padding=1), ReLU(), shortcut=[Conv2d(2, 1)])
    layers = [inner, Concat([], [ReLU()]), Dropout(0.5), Flatten(), Affine(2)]
    network = Sequential(layers, input_shape=(1, 3, 4), seed=1, dtype=np.float64)
    records = {each.layer.name: each for each in network.trace(np.random.default_rng(0).random((2, 1, 3, 4)))}
    assert list(records) == ["0.0", "0.1", "0.shortcut.0", "0", "1.1.0", "1", "2", "3", "4"]
    assert np.array_equal(records["0"].out, records["0.1"].out + records["0.shortcut.0"].out)
    assert records["0.0"].x is records["0.shortcut.0"].x
    assert np.array_equal(records["1"].out, np.concatenate([records["0"].out, records["1.1.0"].out], axis=1))
    assert np.array_equal(records["2"].out, records["1"].out)  # Dropout changes nothing outside a training


@pytest.mark.parametrize("name", NETWORKS)
def test_the_last_output_is_the_answer_of_any_network(name):
    shape, layers = NETWORKS[name]
    network = Sequential(layers(), input_shape=shape, seed=3)
    images = np.random.default_rng(5).standard_normal((2, *shape)).astype(np.float32)
    expected = network.forward(images)
    scale = max(1.0, float(np.abs(expected).max()))
    # Sums of fewer than 2,000 terms, one after the other through at most fourteen layers.
    assert np.abs(network.trace(images)[-1].out - expected).max() <= 14 * 2000 * np.finfo(np.float32).eps * scale
    assert len(network.trace(np.moveaxis(images, 1, -1).copy(), layout="NHWC")) == len(network.trace(images))


def test_wrong_pictures_are_refused():
    with pytest.raises(ValueError, match=r"images must have the shape \(N, 1, 3, 3\)"):
        _small().trace(np.zeros((1, 1, 3, 4), np.float32))
    with pytest.raises(ValueError, match="images hold NaN"):
        _small().trace(np.full((1, 1, 3, 3), np.nan, np.float32))
