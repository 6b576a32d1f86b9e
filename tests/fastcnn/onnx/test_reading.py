"""ONNX files become networks: our own, and other programs'. Everything else is one sentence that names the node."""

import json

import numpy as np
import pytest

from fastcnn import Trainer, load_network, optim
from fastcnn.errors import FastcnnError
from fastcnn.network.committee import Committee
from fastcnn.zoo.bundled import find_model
from fastcnn.zoo.networks import BUILDERS, BUNDLED
from tests.fastcnn.layers.cases import CASES

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from fastcnn.onnx import load, save  # noqa: E402
from tests.fastcnn.onnx.test_writing import with_layer  # noqa: E402


@pytest.mark.parametrize("case", CASES)
def test_our_own_files_come_back(case, tmp_path, rng):
    network = with_layer(case)
    save(network, tmp_path / "net.onnx", softmax=True)
    again = load(tmp_path / "net.onnx")
    images = rng.standard_normal((7, *network.input_shape)).astype(np.float32)
    expected = network.forward(images)
    np.testing.assert_allclose(again.forward(images), expected, rtol=0, atol=1e-5 * max(1, np.abs(expected).max()))


@pytest.mark.parametrize("name", [*BUNDLED, *BUILDERS])
def test_networks_come_back_with_their_classes_and_train_further(name, tmp_path, rng):
    network = load_network(find_model(name)[1]) if name in BUNDLED else BUILDERS[name](seed=0)
    network = network.members[0] if isinstance(network, Committee) else network
    save(network, tmp_path / "net.onnx")
    again = load(tmp_path / "net.onnx")
    assert (again.name, again.classes, again.input_shape) == (network.name, network.classes, network.input_shape)
    assert again.parameter_count == network.parameter_count
    images, labels = rng.random((8, 1, 28, 28), dtype=np.float32), np.arange(8)
    np.testing.assert_allclose(again.forward(images), network.forward(images), rtol=0, atol=1e-4)
    trainer = Trainer(again, optim.Adam(0.001))
    losses = [trainer.step(images, labels) for _ in range(8)]
    assert losses[-1] < losses[0]


def graph(nodes, weights=(), shape=("N", 2, 6, 5), out=("N", "K"), **more):
    """A file of these nodes from "x" to "y"; weights by name."""
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, out)]
    held = [numpy_helper.from_array(array, name) for name, array in dict(weights).items()]
    made = helper.make_graph(nodes, "graph", given, outputs, held)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=9, **more)


def node(op, *inputs, to="y", **options):
    return helper.make_node(op, list(inputs), [to], name=f"the {op}", **options)


def tensor(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, shape).astype(np.float32)


END = [node("Flatten", "z", to="f"), node("Gemm", "f", "w", "b")]


def ended(nodes, features, **weights):
    """The nodes from x to z, and after them Flatten and Gemm."""
    return graph([*nodes, *END], {**weights, "w": tensor(features, 3), "b": tensor(3)})


FORMS = {
    "auto_pad": ended(
        [node("Conv", "x", "k", to="z", auto_pad="SAME_LOWER", strides=[2, 2])], 36, k=tensor(4, 2, 4, 2)
    ),
    "valid": ended([node("Conv", "x", "k", to="z", auto_pad="VALID", kernel_shape=[3, 2])], 64, k=tensor(4, 2, 3, 2)),
    "asymmetric pads": ended([node("Conv", "x", "k", to="z", pads=[0, 1, 2, 0])], 4 * 6 * 5, k=tensor(4, 2, 3, 2)),
    "pool, same": ended([node("AveragePool", "x", to="z", kernel_shape=[3, 3], auto_pad="SAME_UPPER")], 60),
    "pool, ceil": ended([node("MaxPool", "x", to="z", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)], 18),
    "bias of a convolution": ended(
        [node("Conv", "x", "k", to="c"), node("Add", "c", "o", to="z")], 80, k=tensor(4, 2, 2, 2), o=tensor(1, 4, 1, 1)
    ),
    "clip": ended([node("Clip", "x", "zero", to="z")], 60, zero=np.float32(0).reshape(())),
    "swish": ended([node("Sigmoid", "x", to="s"), node("Mul", "s", "x", to="z")], 60),
    "normalised": ended(
        [node("Mul", "x", "s", to="m"), node("Add", "m", "o", to="z")], 60, s=np.float32([0.25]), o=tensor(2, 1, 1)
    ),
    "matmul": graph(
        [node("Reshape", "x", "shape", to="f"), node("MatMul", "f", "w", to="m"), node("Add", "b", "m")],
        {"shape": np.array([-1, 60]), "w": tensor(60, 3), "b": tensor(3)},
    ),
    "reshape to a fixed batch": graph([node("Reshape", "x", "shape")], {"shape": np.array([5, 60])}),
    "transposed constant": graph(
        [node("Flatten", "x", to="f"), node("Transpose", "w", to="t", perm=[1, 0]), node("MatMul", "f", "t")],
        {"w": tensor(3, 60)},
    ),
    "mean of planes": graph(
        [node("ReduceMean", "x", "axes", to="m", keepdims=1), node("Squeeze", "m", "axes")], {"axes": np.array([2, 3])}
    ),
    "softmax at the end": graph([node("Flatten", "x", to="f"), node("Identity", "f")]),
    "branches of branches": ended(
        [
            node("Relu", "x", to="a"),
            node("Conv", "a", "k", to="c", pads=[1, 1, 1, 1]),
            node("Add", "a", "c", to="d"),
            node("Concat", "d", "x", "a", to="z", axis=1),
        ],
        180,
        k=tensor(2, 2, 3, 3),
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_other_programs_forms_give_onnxruntimes_numbers(form, tmp_path):
    model = FORMS[form]
    onnx.checker.check_model(model, full_check=True)
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    network = load(tmp_path / "net.onnx")
    images = np.random.default_rng(3).standard_normal((5, 2, 6, 5)).astype(np.float32)
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(network.forward(images), session.run(None, {"x": images})[0], rtol=0, atol=1e-5)


REFUSED = {
    "an op that no layer has": (ended([node("Tanh", "x", to="z")], 60), "node 'the Tanh' (Tanh): no layer does this"),
    "another activation": (ended([node("Clip", "x", "", "six", to="z")], 60, six=np.float32(6)), "from 0 up"),
    "two multiplied": (ended([node("Relu", "x", to="r"), node("Mul", "r", "x", to="z")], 60), "no layer multiplies"),
    "a weight that is computed": (
        graph([node("Flatten", "x", to="f"), node("MatMul", "f", "f")]), "(MatMul): no layer joins tensors"
    ),
    "a weight of another size": (ended([], 59), "does not fit"),
    "a convolution of 3 axes": (ended([node("Conv", "x", "k", to="z")], 60, k=tensor(2, 2, 3)), "must have 4 axes"),
    "channels that do not fit": (ended([node("Conv", "x", "k", to="z")], 60, k=tensor(2, 3, 3, 3)), "(Conv): "),
    "concat along height": (ended([node("Concat", "x", "x", to="z", axis=2)], 120), "axis must be 1"),
    "a Gemm of columns": (
        graph([node("Flatten", "x", to="f"), node("Gemm", "f", "w", transA=1)], {"w": tensor(60, 3)}), "transA must be"
    ),
    "another domain": (graph([helper.make_node("Flatten", ["x"], ["y"], domain="com.example")]), "com.example"),
    "a tensor from nowhere": (graph([node("Flatten", "q")]), "no node before it gives"),
    "no path": (graph([node("Flatten", "x", to="q")]), "no node gives its output 'y'"),
    "an input of any size": (graph([node("Flatten", "x")], shape=("N", 1, "H", "W")), "must be (N, C, H, W)"),
    "a huge input": (graph([node("Flatten", "x")], shape=("N", 9999, 9999, 9999)), "values a picture"),
    "not finite": (
        graph([node("Flatten", "x", to="f"), node("MatMul", "f", "w")], {"w": np.full((60, 2), np.nan, np.float32)}),
        "NaN",
    ),
}  # fmt: skip
REFUSED["a weight of another size"][0].graph.node[0].input[0] = "x"


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_layer_expresses_is_one_sentence(case, tmp_path):
    model, words = REFUSED[case]
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(FastcnnError) as caught:
        load(tmp_path / "net.onnx")
    text = str(caught.value)
    assert words in text and text.startswith("net.onnx cannot become a network: ")
    assert "\n" not in text and len(text) <= 220


def test_data_in_another_file_are_never_read(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(60 * 3 * 4))
    model = ended([node("Relu", "x", to="z")], 60)
    held = model.graph.initializer[0]
    held.ClearField("raw_data")
    held.data_location = TensorProto.EXTERNAL
    held.external_data.add(key="location", value="secret")
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(FastcnnError, match="the data of 'w' lie in another file; export with"):
        load(tmp_path / "net.onnx")


def test_damaged_files_are_one_sentence(tmp_path, rng):
    save(with_layer("concat"), tmp_path / "net.onnx")
    whole = (tmp_path / "net.onnx").read_bytes()
    broken = [b"", b"\0" * 50, b"text", whole[: len(whole) // 2], whole[:100]]
    for _ in range(60):
        changed = bytearray(whole)
        for place in rng.integers(0, len(whole), 3):
            changed[place] = rng.integers(256)
        broken.append(bytes(changed))
    refused = 0
    for content in broken:
        (tmp_path / "net.onnx").write_bytes(content)
        try:
            load(tmp_path / "net.onnx")
        except FastcnnError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused >= 5


def test_a_deep_graph_and_a_missing_file_are_one_sentence(tmp_path):
    nodes = [node("Relu", "x", to="t0")]
    for number in range(60):
        nodes.append(node("Concat", f"t{number}", "x", to=f"t{number + 1}", axis=1))
    (tmp_path / "net.onnx").write_bytes(graph([*nodes, node("Flatten", "t60")]).SerializeToString())
    with pytest.raises(FastcnnError, match="branches inside one another"):
        load(tmp_path / "net.onnx")
    with pytest.raises(FastcnnError, match="cannot be read"):
        load(tmp_path / "none.onnx")
    with pytest.raises(FastcnnError, match=r"cannot be read \(embedded null byte\)"):
        load("nul\0l.onnx")
    with pytest.raises(TypeError, match="path must be a path"):
        load(3)


def test_classes_that_no_network_can_have_are_refused(tmp_path):
    model = ended([node("Relu", "x", to="z")], 60)
    helper.set_model_props(model, {"classes": json.dumps(["a", "a", "b"])})
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(FastcnnError, match="classes must have different names"):
        load(tmp_path / "net.onnx")
