"""What rivals get of a network: the layers as data, and arrays in the other order of axes."""

import numpy as np
import pytest

from fastcnn import Sequential, layers
from fastcnn.bench.rivals import channels_last
from fastcnn.bench.rivals.operations import Applying, UnknownLayerError, operations, trained_names, walk
from fastcnn.layers.base import Layer


def small():
    """Every kind of row that a network may have."""
    shortcut = [layers.Conv2d(4, 1)]
    parts = [
        layers.Conv2d(3, 3, padding=((1, 0), (2, 1))),
        layers.Residual(layers.Conv2d(4, 3, padding=1, bias=False), layers.BatchNorm2d(), shortcut=shortcut),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Affine(5),
    ]
    return Sequential(parts, input_shape=(2, 4, 3), seed=0)


def test_layers_become_data_with_their_places():
    first, second, _, dropout, affine = operations(small().layers)
    assert (first["type"], first["name"], first["padding"]) == ("Conv2d", "0", ((1, 0), (2, 1)))
    assert [[each["name"] for each in row] for row in second["rows"]] == [["1.0", "1.1"], ["1.shortcut.0"]]
    assert (dropout["rate"], affine["image"]) == (0.5, (4, 3, 4))


def test_trained_parameters_are_those_of_the_network_in_its_order():
    network = small()
    assert trained_names(operations(network.layers), network.state_arrays()) == list(network.parameters)


def test_an_affine_that_follows_no_picture_has_none():
    network = Sequential([layers.GlobalAvgPool(), layers.Affine(3)], input_shape=(2, 4, 3), seed=0)
    assert [each["image"] for each in walk(operations(network.layers)) if each["type"] == "Affine"] == [None]


class Twice(Layer):
    """A layer that no rival knows."""

    def forward(self, x, training):
        return 2 * x

    def backward(self, grad_out):
        return 2 * grad_out


def test_a_layer_without_a_form_is_one_sentence():
    network = Sequential([layers.GlobalAvgPool(), Twice(), layers.Affine(3)], input_shape=(2, 4, 3), seed=0)
    with pytest.raises(UnknownLayerError, match=r"^layer 1 \(Twice\) has no form in Nobody$"):

        class Nobody(Applying):
            RIVAL = "Nobody"

            def globalavgpool(self, operation, x, training):
                return x

        Nobody().run(operations(network.layers), None)


def test_an_option_that_no_converter_reads_is_refused_unless_it_has_its_default():
    class Scaled(Twice):
        OPTIONS = ("by",)

        def __init__(self, by: int = 2) -> None:
            super().__init__()
            self.by = by

    assert operations([Scaled()])[0]["by"] == 2
    with pytest.raises(UnknownLayerError, match="no rival is given the option by"):
        operations([Scaled(3)])


def test_arrays_in_the_other_order_by_hand(rng):
    """One output, by a loop over pixels: the same sum in both orders."""
    network = small()
    found, state = operations(network.layers), network.state_arrays()
    theirs = channels_last.to_theirs(found, state)
    assert theirs["0.weight"][2, 1, 0, 2] == state["0.weight"][2, 0, 2, 1]
    picture = rng.standard_normal((1, 4, 3, 4))
    flat = channels_last.pictures(picture).reshape(-1)
    np.testing.assert_allclose(flat @ theirs["4.weight"], picture.reshape(-1) @ state["4.weight"], rtol=1e-5)
    back = channels_last.to_ours(found, theirs)
    assert all((back[name] == state[name]).all() for name in state)
