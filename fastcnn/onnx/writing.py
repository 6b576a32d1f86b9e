"""Write a network or a committee as an ONNX file."""

from __future__ import annotations

import json
import os

import numpy as np
import onnx

from fastcnn import __version__
from fastcnn.checks import check_flag, check_path, check_positive
from fastcnn.kernels.values import shown
from fastcnn.network.committee import Committee, Network
from fastcnn.network.sequential import Sequential
from fastcnn.onnx.graph import Graph
from fastcnn.onnx.layers import write_row
from fastcnn.storage import atomic_write

OPSET, IR = 20, 9  # the first opset with GELU, and the file version of its year
IMAGES, LOGITS, PROBABILITIES = "images", "logits", "probabilities"
# Of five views: the pixels that are added above, at the left, below and at the right; -1 takes one away.
SHIFTS = {"down": (1, 0, -1, 0), "up": (-1, 0, 1, 0), "right": (0, 1, 0, -1), "left": (0, -1, 0, 1)}


def save(network: Network, path: str | os.PathLike[str], *, softmax: bool = False, calibrated: bool = False) -> None:
    """Write a network or a committee as an ONNX file that computes in float32, for any number of pictures.

    Parameters
    ----------
    network : its input is "images" (N, C, H, W) float32, not scaled: pictures from 0 to 1 for the bundled networks
    path : the file to write, which is replaced
    softmax : whether the output is "probabilities" (N, classes), not "logits"
    calibrated : whether the output is the probabilities that a `Recognizer` shows, with the network's temperature and
        views. A committee's members always use theirs

    Raises
    ------
    TypeError, ValueError
        If an argument is something else.
    FastcnnError
        If a layer is your own, a number is not finite in float32, or the file cannot be written; an old file is not
        changed.
    """
    target = check_path("path", path)
    softmax, calibrated = check_flag("softmax", softmax), check_flag("calibrated", calibrated)
    if not isinstance(network, Sequential | Committee):
        raise TypeError(f"network must be a network or a committee, not {shown(network)}")
    graph = Graph()
    as_shares = softmax or calibrated
    if isinstance(network, Committee):
        out = _committee(graph, network, as_shares)
    elif calibrated:
        out = _calibrated(graph, network, IMAGES)
    else:
        out = write_row(graph, network.layers, IMAGES)
        out = graph.add("Softmax", out, name="softmax", axis=1) if softmax else out
    name = PROBABILITIES if as_shares else LOGITS
    graph.prefix = ""
    graph.add("Identity", out, name=name)
    model = graph.model({IMAGES: ["N", *network.input_shape]}, {name: ["N", *network.output_shape]}, OPSET, IR)
    model.producer_name, model.producer_version = "fastcnn", __version__
    onnx.helper.set_model_props(model, {"name": network.name, "classes": json.dumps(network.classes)})
    onnx.checker.check_model(model, full_check=True)
    atomic_write(target, model.SerializeToString())


def _calibrated(graph: Graph, network: Sequential, x: str) -> str:
    """The probabilities at the network's temperature, the mean over its views."""
    if network.views > 1:
        shifted = [_shifted(graph, x, name, *sides) for name, sides in SHIFTS.items()]
        x = graph.add("Concat", x, *shifted, name="views", axis=0)
    logits = write_row(graph, network.layers, x)
    temperature = graph.constant("temperature", np.array(check_positive("temperature", network.temperature)))
    shares = graph.add("Softmax", graph.add("Div", logits, temperature, name="Div"), name="softmax", axis=1)
    if network.views == 1:
        return shares
    shape = graph.constant("shape", np.array([network.views, -1, *network.output_shape]))
    each = graph.add("Reshape", shares, shape, name="each view")
    axis = graph.constant("axis", np.array([0]))
    return graph.add("ReduceMean", each, axis, name="mean of views", keepdims=0)


def _shifted(graph: Graph, x: str, name: str, top: int, left: int, bottom: int, right: int) -> str:
    pads = graph.constant(f"{name}.pads", np.array([0, 0, top, left, 0, 0, bottom, right]))
    return graph.add("Pad", x, pads, name=name)


def _committee(graph: Graph, committee: Committee, as_shares: bool) -> str:
    """The mean of the members' probabilities, or its logarithm."""
    shares = []
    for number, member in enumerate(committee.members):
        graph.prefix = f"member {number}/"
        shares.append(_calibrated(graph, member, IMAGES))
    graph.prefix = ""
    mean = graph.add("Mean", *shares, name="mean of members")
    if as_shares:
        return mean
    smallest = graph.constant("smallest", np.array(np.finfo(np.float32).tiny, np.float64))  # a logit must stay finite
    return graph.add("Log", graph.add("Max", mean, smallest, name="Max"), name="log")
