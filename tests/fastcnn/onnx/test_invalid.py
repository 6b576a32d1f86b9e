"""Files that ONNX does not allow, and onnxruntime does not run: one sentence that names the node, never a guess."""

import numpy as np
import pytest

from fastcnn.errors import FastcnnError

onnx = pytest.importorskip("onnx")
from onnx import helper, numpy_helper  # noqa: E402

from fastcnn.onnx import load  # noqa: E402
from tests.fastcnn.onnx.test_reading import ended, graph, node, tensor  # noqa: E402

F32 = np.float32


def conv(**options):
    """A convolution whose output has 24 features if the options are left out."""
    return ended([node("Conv", "x", "k", to="z", **options)], 24, k=tensor(2, 2, 3, 3))


def norm(**values):
    held = {name: np.ones(2, F32) for name in ("s", "o", "m", "v")} | values
    return ended([node("BatchNormalization", "x", *held, to="z")], 60, **held)


def with_opset(*versions):
    model = conv()
    del model.opset_import[:]
    model.opset_import.extend(helper.make_opsetid("", version) for version in versions)
    return model


def with_weight(**changes):
    """The weights of the convolution, with other fields than its numbers need."""
    model = conv()
    held = next(each for each in model.graph.initializer if each.name == "k")
    for name, value in changes.items():
        if name == "first":
            held.dims[0] = value
        else:
            setattr(held, name, value)
    return model


def with_second_weight():
    model = conv()
    model.graph.initializer.append(numpy_helper.from_array(tensor(2, 2, 3, 3, seed=9), "k"))
    return model


def with_classes(text):
    model = conv()
    helper.set_model_props(model, {"classes": text})
    return model


def without_output():
    model = conv()
    del model.graph.node[0].output[:]
    model.graph.node[0].name = ""
    return model


FLAT = node("Flatten", "x", to="f")
INVALID = {
    "an attribute that it has not": (conv(stride=[2, 2]), "'the Conv' (Conv): onnx refuses it: Unrecognized attribute"),
    "an attribute with a name for terminals": (conv(**{"\x1b[31m" + "a" * 999: 1}), "Unrecognized attribute: [31maaa"),
    "an attribute of another type": (conv(strides=[1.5, 1.0]), "(Conv): onnx refuses it: Mismatched attribute type"),
    "a missing input": (ended([node("Conv", "x", to="z")], 24), "(Conv): onnx refuses it: Node with schema"),
    "a missing attribute": (ended([node("MaxPool", "x", to="z")], 24), "onnx refuses it: Required attribute"),
    "a node that gives nothing": (without_output(), "node '' (Conv): it gives nothing"),
    "a word that auto_pad has not": (conv(auto_pad="SAME"), "(Conv): auto_pad 'SAME' says nothing here"),
    "pads beside auto_pad": (conv(auto_pad="VALID", pads=[1, 1, 1, 1]), "(Conv): auto_pad 'VALID' says nothing here"),
    "two pads": (conv(pads=[1, 1]), "(Conv): pads must have four numbers"),
    "another kernel_shape than the weight's": (conv(kernel_shape=[5, 3]), "(Conv): kernel_shape must be [3, 3]"),
    "Flatten at an axis that is not there": (
        graph([node("Flatten", "x", to="f", axis=9), node("MatMul", "f", "w")], {"w": tensor(60, 3)}),
        "(Flatten): axis must be 1",
    ),
    "Squeeze of an axis that is not there": (
        graph(
            [FLAT, node("Unsqueeze", "f", "u", to="g"), node("Squeeze", "g", "s")],
            {"u": np.array([2]), "s": np.array([5])},
        ),
        "(Squeeze): there is no axis 5",
    ),
    "a Softmax of a Softmax": (
        graph(
            [FLAT, node("MatMul", "f", "w", to="z"), node("LogSoftmax", "z", to="p"), node("Softmax", "p")],
            {"w": tensor(60, 3)},
        ),
        "(LogSoftmax): another Softmax comes after it",
    ),
    "a Softmax over an axis that is not there": (
        graph([FLAT, node("MatMul", "f", "w", to="z"), node("Softmax", "z", axis=2)], {"w": tensor(60, 3)}),
        "(Softmax): its axis must be that of the features",
    ),
    "a negative variance": (norm(v=np.array([1, -1], F32)), "(BatchNormalization): a variance is not above 0"),
    "statistics of another length": (norm(m=np.ones(3, F32)), "(BatchNormalization): 0.running_mean has the shape"),
    "weights of a size below 0": (with_weight(first=-2), "the data of 'k' do not fit its sizes or type"),
    "weights of a larger size": (with_weight(first=1 << 40), "the data of 'k' do not fit its sizes or type"),
    "weights of an unknown type": (with_weight(data_type=99), "the data of 'k' do not fit its sizes or type"),
    "two weights of one name": (with_second_weight(), "two of its weights have the name 'k'"),
    "a constant of a weight's name": (
        graph([node("Constant", to="w", value_float=2.0), FLAT, node("MatMul", "f", "w")], {"w": tensor(60, 3)}),
        "(Constant): it gives 'w', which another node gives too",
    ),
    "a constant of the input's name": (
        graph([node("Constant", to="x", value_float=2.0), FLAT, node("MatMul", "f", "w")], {"w": tensor(60, 3)}),
        "a node gives 'x', which is its input",
    ),
    "operators before those that broadcast": (with_opset(6), "its opset must be from 7 to "),
    "operators of the future": (with_opset(999), "not 999"),
    "no opset": (with_opset(), "not 0 of them"),
    "two opsets": (with_opset(13, 20), "not 2 of them"),
    "classes that are no JSON": (with_classes('["a"'), "its property 'classes' is no list in JSON"),
    "classes without an end": (with_classes("[" * 100_000), "its property 'classes' is no list in JSON"),
}  # fmt: skip


@pytest.mark.parametrize("case", INVALID)
def test_a_file_that_onnx_does_not_allow_is_one_sentence(case, tmp_path):
    model, words = INVALID[case]
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(FastcnnError) as caught:
        load(tmp_path / "net.onnx")
    text = str(caught.value)
    assert words in text and text.startswith("net.onnx cannot become a network: ")
    assert text.isprintable() and len(text) <= 200


def test_the_same_files_without_the_fault_are_read(tmp_path):
    models = [conv(), conv(strides=[1, 1], pads=[0] * 4, kernel_shape=[3, 3]), conv(auto_pad="VALID"), norm()]
    models += [conv(auto_pad="VALID", pads=[0] * 4), with_opset(7), with_opset(onnx.defs.onnx_opset_version())]
    for model in models:
        (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
        assert load(tmp_path / "net.onnx").output_shape == (3,)
