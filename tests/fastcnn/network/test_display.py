"""What a network looks like: `repr`, and HTML whose names cannot do anything."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from fastcnn import Sequential, paper_network
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Dropout, Flatten, GlobalAvgPool, MaxPool2d, ReLU

HOSTILE = "<script>alert('&')</script>"


def elements(network):
    """The page, which must be well formed."""
    return ElementTree.fromstring(network._repr_html_())


def texts(root, tag):
    return ["".join(each.itertext()) for each in root.iter() if each.tag.split("}")[-1] == tag]


def test_a_small_network_is_one_line():
    network = Sequential([Flatten(), Affine(3)], input_shape=(1, 2, 2))
    assert repr(network) == "Sequential([Flatten(), Affine(out_features=3)], input_shape=(1, 2, 2))"


def test_a_larger_one_has_a_layer_a_line():
    assert repr(paper_network()) == (
        "Sequential(\n    [\n"
        "        Conv2d(out_channels=30, kernel_size=5),\n"
        "        ReLU(),\n"
        "        MaxPool2d(kernel_size=2, stride=2),\n"
        "        Flatten(),\n"
        "        Affine(out_features=100),\n"
        "        ReLU(),\n"
        "        Affine(out_features=10),\n"
        "    ],\n    input_shape=(1, 28, 28),\n)"
    )


def test_the_repr_makes_the_same_network_again():
    layers = [
        Conv2d(4, (3, 2), padding=((0, 1), (2, 3)), stride=(2, 1), bias=False), BatchNorm2d(momentum=0.5), ReLU(),
        Conv2d(8, 2, dilation=2, groups=2, padding=(1, 0)), MaxPool2d(2, padding=1), Dropout(0.25, seed=3),
        GlobalAvgPool(), Affine(3),
    ]  # fmt: skip
    network = Sequential(layers, input_shape=(2, 9, 8), seed=0)
    names = {kind.__name__: kind for kind in (Sequential, *map(type, layers))}
    assert eval(repr(network), names).describe() == network.describe()


def test_layers_of_ones_own_show_as_they_wish():
    class Other(ReLU):
        def __repr__(self):
            return "in two\nlines"

    class Plain(ReLU):
        OPTIONS = ("hidden",)
        hidden = 3

    network = Sequential([Flatten(), Other(), Plain(), Affine(3)], input_shape=(1, 2, 2))
    lines = [line.strip() for line in repr(network).splitlines()]
    assert lines[2:6] == ["Flatten(),", "in two lines,", "Plain(hidden=3),", "Affine(out_features=3),"]


def test_the_page_has_the_table_of_the_summary_and_a_drawing():
    root = elements(paper_network())
    rows = [[*row.itertext()] for row in root.iter("tr")]
    summary = [line.split() for line in paper_network().summary().splitlines() if "---" not in line]
    assert [" ".join(row).split() for row in rows] == summary
    shapes = ["1 x 28 x 28", "30 x 24 x 24", "30 x 12 x 12", "4320", "100", "10"]
    assert [text.replace("\xd7", "x") for text in texts(root, "text")[1::2]] == shapes
    assert texts(root, "text")[::2] == ["input", "Conv2d", "MaxPool2d", "Flatten", "Affine", "Affine"]
    assert len(texts(root, "rect")) == 6


@pytest.mark.parametrize("layer", [ReLU, Flatten])
def test_hostile_names_are_text(layer):
    kind = type(HOSTILE, (layer,), {})
    layers = [kind(), Affine(3)] if layer is Flatten else [kind(), Flatten(), Affine(3)]
    network = Sequential(layers, input_shape=(1, 2, 2), name=HOSTILE)
    root = elements(network)
    assert "script" not in {each.tag for each in root.iter()}
    assert texts(root, "caption") == [HOSTILE]
    assert f"0 {HOSTILE}" in texts(root, "td")
