"""What other exporters write: channels last, functions of several nodes, zeros by Pad, shapes by Shape."""

import numpy as np
import pytest

from fastcnn.errors import FastcnnError
from fastcnn.layers import GELU, LeakyReLU, SiLU

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper  # noqa: E402

from fastcnn.onnx import load, rows  # noqa: E402
from tests.fastcnn.onnx.test_reading import ended, graph, node, tensor  # noqa: E402

LAST = ("N", 6, 5, 2)  # (N, H, W, C)
F32 = np.float32
TO_FIRST, TO_LAST = [0, 3, 1, 2], [0, 2, 3, 1]


def ints(*numbers):
    return np.array(numbers, np.int64)


def scalar(number):
    return np.array(number, F32)


def dense(features, first="f", **weights):
    """MatMul and Add, as Keras has them for an Affine."""
    nodes = [node("MatMul", first, "w", to="m"), node("Add", "m", "b")]
    return nodes, {"w": tensor(features, 3, seed=1), "b": tensor(3, seed=2), **weights}


def keras(nodes, features, **weights):
    """Nodes on channels last from x to z, then a Reshape and a Dense layer."""
    end, held = dense(features, shape=ints(-1, features), **weights)
    return graph([*nodes, node("Reshape", "z", "shape", to="f"), *end], held, shape=LAST)


def first(x, to):
    return node("Transpose", x, to=to, perm=TO_FIRST)


def last(x, to):
    return node("Transpose", x, to=to, perm=TO_LAST)


CONV = [first("x", "a"), node("Conv", "a", "k", "kb", to="c", auto_pad="SAME_UPPER", strides=[2, 1]), last("c", "d")]
WEIGHTS = {"k": tensor(4, 2, 3, 3), "kb": tensor(4)}
CHANNELS_LAST = {
    "convolution and dense": keras([*CONV, node("Relu", "d", to="z")], 60, **WEIGHTS),
    "bias after the transpose": keras(
        [first("x", "a"), node("Conv", "a", "k", to="c"), last("c", "d"), node("Add", "d", "kb", to="z")], 48, **WEIGHTS
    ),
    "residual": keras(
        [
            *CONV, first("d", "e"), node("Conv", "e", "k2", to="g", pads=[1, 1, 1, 1]), last("g", "h"),
            node("Add", "d", "h", to="z"),
        ], 60, k2=tensor(4, 4, 3, 3), **WEIGHTS,
    ),
    "concatenated channels": keras([*CONV, node("Relu", "d", to="r"), node("Concat", "d", "r", to="z", axis=3)], 120,
                                   **WEIGHTS),
    "zero padding": keras(
        [
            node("Pad", "x", "pads", to="p"), first("p", "a"), node("Conv", "a", "k", to="c", strides=[2, 2]),
            last("c", "z"),
        ], 4 * 3 * 3, pads=ints(0, 0, 1, 0, 0, 1, 2, 0), k=tensor(4, 2, 3, 3),
    ),
    "global average": graph(
        [*CONV, node("ReduceMean", "d", "axes", to="f", keepdims=0), *dense(4)[0]],
        {**WEIGHTS, **dense(4)[1], "axes": ints(1, 2)}, shape=LAST,
    ),
    "global average and squeeze": graph(
        [*CONV[:2], node("GlobalAveragePool", "c", to="g"), node("Squeeze", "g", "axes", to="f"), *dense(4)[0]],
        {**WEIGHTS, **dense(4)[1], "axes": ints(2, 3)}, shape=LAST,
    ),
    "scaled features": graph(
        [*CONV, node("Reshape", "d", "shape", to="r"), node("Relu", "r", to="q"), node("Mul", "q", "s", to="t"),
         node("Add", "t", "o", to="f"), *dense(60)[0]],
        {**WEIGHTS, **dense(60)[1], "shape": ints(-1, 60), "s": tensor(60, seed=5), "o": tensor(60, seed=6)},
        shape=LAST,
    ),
    "dense layer of each pixel": keras(
        [*CONV, node("MatMul", "d", "p", to="e"), node("Add", "e", "pb", to="z")], 75, p=tensor(4, 5), pb=tensor(5),
        **WEIGHTS,
    ),
    "flattened branches": graph(
        [
            *CONV, node("Flatten", "d", to="u"), node("Relu", "u", to="v"), node("Concat", "u", "v", to="f", axis=-1),
            *dense(120)[0],
        ], {**WEIGHTS, **dense(120)[1]}, shape=LAST,
    ),
}  # fmt: skip

GELU_NODES = [
    node("Div", "x", "root", to="e1"), node("Erf", "e1", to="e2"), node("Add", "e2", "one", to="e3"),
    node("Mul", "x", "e3", to="e4"), node("Mul", "e4", "half", to="z"),
]  # fmt: skip
HALF_FIRST = [
    node("Mul", "x", "half", to="h"), node("Div", "x", "root", to="e1"), node("Erf", "e1", to="e2"),
    node("Add", "e2", "one", to="e3"), node("Mul", "h", "e3", to="z"),
]  # fmt: skip
TANH_GELU = [
    node("Pow", "x", "three", to="t1"), node("Mul", "t1", "cubic", to="t2"), node("Add", "x", "t2", to="t3"),
    node("Mul", "t3", "outer", to="t4"), node("Tanh", "t4", to="t5"), node("Add", "t5", "one", to="t6"),
    node("Mul", "x", "half", to="h"), node("Mul", "h", "t6", to="z"),
]  # fmt: skip
NUMBERS = {
    "root": scalar(np.sqrt(2)), "one": scalar(1), "half": scalar(0.5), "three": scalar(3), "cubic": scalar(0.044715),
    "outer": scalar(np.sqrt(2 / np.pi)), "zero": scalar(0), "slope": scalar(0.1),
}  # fmt: skip
FUNCTIONS = {
    "GELU by Erf": (GELU_NODES, GELU("none")),
    "GELU by Erf, halved first": (HALF_FIRST, GELU("none")),
    "GELU by Tanh": (TANH_GELU, GELU("tanh")),
    "SiLU": ([node("Sigmoid", "x", to="s"), node("Mul", "x", "s", to="z")], SiLU()),
    "ReLU by Max": ([node("Max", "x", "zero", to="z")], None),
    "LeakyReLU by Max": ([node("Mul", "x", "slope", to="s"), node("Max", "s", "x", to="z")], LeakyReLU(0.1)),
    "LeakyReLU by PRelu": ([node("PRelu", "x", "slope", to="z")], LeakyReLU(0.1)),
    "nothing": ([node("Mul", "x", "one", to="a"), node("Add", "a", "zero", to="c"), node("Relu", "c", to="z")], None),
}

SHAPE_CHAIN = [
    node("Conv", "x", "k", to="c"), node("Shape", "c", to="s"), node("Gather", "s", "first", to="n", axis=0),
    node("Unsqueeze", "n", "axes", to="u"), node("Concat", "u", "rest", to="t", axis=0),
    node("Reshape", "c", "t", to="f"), node("Gemm", "f", "w", "b"),
]  # fmt: skip
OTHERS = {
    "flattened to a computed shape": graph(
        SHAPE_CHAIN, {"k": tensor(4, 2, 3, 3), "first": np.array(0, np.int64), "axes": ints(0), "rest": ints(-1),
                      "w": tensor(48, 3), "b": tensor(3)},
    ),
    "scaled Gemm": graph(
        [node("Flatten", "x", to="f"), node("Gemm", "f", "w", "b", alpha=0.5, beta=2.0, transB=1)],
        {"w": tensor(3, 60), "b": tensor(3)},
    ),
    "multiplied after a convolution": ended(
        [node("Conv", "x", "k", to="c"), node("Mul", "c", "s", to="d"), node("Sub", "d", "o", to="z")], 48,
        k=tensor(4, 2, 3, 3), s=tensor(4, 1, 1), o=tensor(1, 4, 1, 1),
    ),
    "negative scale": ended([node("Relu", "x", to="r"), node("Mul", "r", "s", to="z")], 60, s=-tensor(2, 1, 1) - 1),
    "subtracted from a constant": ended([node("Sub", "one", "x", to="z")], 60, one=scalar(1)),
    "log-softmax is left out": ended([node("Cast", "x", to="z")], 60),
    "zeros before an average": ended(
        [node("Pad", "x", "pads", to="p"), node("AveragePool", "p", to="z", kernel_shape=[3, 3])], 2 * 6 * 5,
        pads=ints(0, 0, 1, 1, 0, 0, 1, 1),
    ),
}  # fmt: skip
OTHERS["log-softmax is left out"].graph.node[0].attribute.append(helper.make_attribute("to", TensorProto.FLOAT))


def written(model, tmp_path):
    for number, each in enumerate(model.graph.node):
        each.name = f"{number} {each.name}"  # no two may have the same
    onnx.checker.check_model(model, full_check=True)
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def answer(model, images):
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": images})[0]


@pytest.mark.parametrize("count", [1, 7, 256])
@pytest.mark.parametrize("form", CHANNELS_LAST)
def test_channels_last_give_onnxruntimes_numbers(form, count, tmp_path):
    model = CHANNELS_LAST[form]
    network = load(written(model, tmp_path))
    images = np.random.default_rng(3).standard_normal((count, 6, 5, 2)).astype(F32)
    assert network.input_shape == (2, 6, 5)
    found = network.forward(images, layout="NHWC")
    np.testing.assert_allclose(found, answer(model, images), rtol=0, atol=1e-5)


@pytest.mark.parametrize("form", FUNCTIONS)
def test_a_function_of_several_nodes_is_one_layer(form, tmp_path):
    nodes, layer = FUNCTIONS[form]
    model = ended(nodes, 60, **NUMBERS)
    network = load(written(model, tmp_path))
    expected = repr(layer) if layer else "ReLU()"
    assert [repr(each) for each in network.layers] == [expected, "Flatten()", "Affine(out_features=3)"]
    images = np.random.default_rng(3).standard_normal((5, 2, 6, 5)).astype(F32) * 3
    np.testing.assert_allclose(network.forward(images), answer(model, images), rtol=0, atol=1e-5)


@pytest.mark.parametrize("form", OTHERS)
def test_other_forms_give_onnxruntimes_numbers(form, tmp_path):
    model = OTHERS[form]
    network = load(written(model, tmp_path))
    images = np.random.default_rng(3).standard_normal((5, 2, 6, 5)).astype(F32)
    np.testing.assert_allclose(network.forward(images), answer(model, images), rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1), (1, 28, 28), (784,)])
def test_digits_in_every_shape_become_pictures(shape, tmp_path):
    nodes, held = dense(784, shape=ints(-1, 784))
    first = [] if shape == (784,) else [node("Reshape", "x", "shape", to="f")]
    if not first:
        nodes[0].input[0] = "x"
        del held["shape"]
    model = graph([*first, *nodes, ], held, shape=("N", *shape))  # fmt: skip
    network = load(written(model, tmp_path))
    assert network.input_shape == ((784, 1, 1) if shape == (784,) else (1, 28, 28))
    images = np.random.default_rng(3).random((5, *shape), F32)
    found = network.forward(images.reshape(5, *network.input_shape))
    np.testing.assert_allclose(found, answer(model, images), rtol=0, atol=1e-5)


REFUSED = {
    "HardSwish": (ended([node("HardSwish", "x", to="z")], 60), "node 'the HardSwish' (HardSwish): no layer does this"),
    "half a GELU": (ended([
        node("Erf", "x", to="e"), node("Mul", "x", "e", to="z")], 60), "no layer multiplies tensors"),
    "a Pad before a max-pool": (
        ended([node("Pad", "x", "pads", to="p"), node("MaxPool", "p", to="z", kernel_shape=[1, 1])], 112,
              pads=ints(0, 0, 1, 1, 0, 0, 1, 1)), "(MaxPool): no layer adds zeros, but a Conv"),
    "a Pad of ones": (
        ended([node("Pad", "x", "pads", "one", to="p"), node("Conv", "p", "k", to="z")], 56,
              pads=ints(0, 0, 1, 1, 0, 0, 1, 1), one=scalar(1), k=tensor(1, 2, 1, 1)), "only zeros are added"),
    "channels last without a Transpose": (
        graph([node("Transpose", "x", to="t", perm=TO_FIRST), node("Transpose", "t", to="u", perm=TO_LAST),
               node("Conv", "u", "k", to="c"), node("Flatten", "c")], {"k": tensor(2, 6, 1, 1)}, shape=LAST),
        "(Conv): it needs pictures (N, C, H, W), but their axes have another order"),
    "pixels at the end": (
        graph([*CONV, node("Flatten", "d")], WEIGHTS, shape=LAST), "it ends with the pixels of pictures"),
    "softmax over something else": (
        ended([node("Softmax", "x", to="z", axis=1)], 60), "(Softmax): no layer does this"),
    "a constant for each pixel": (
        ended([node("Add", "x", "o", to="z")], 60, o=tensor(2, 6, 5)), "one number for each channel"),
    "a tensor and itself": (ended([node("Add", "x", "x", to="z")], 60), "(Add): no layer adds a tensor to itself"),
    "integers": (graph([node("Flatten", "x")]), "its input must be floats"),
    "a batch that moves": (
        graph([node("Transpose", "x", to="t", perm=[1, 0, 2, 3]), node("Flatten", "t")]), "it must leave the batch"),
    "five axes": (graph([node("Identity", "x")], shape=("N", 1, 2, 3, 4)), "must be (N, C, H, W)"),
    "a dropout in training": (
        ended([node("Dropout", "x", "", "yes", to="z")], 60, yes=np.array(True)), "it is in training mode"),
    "a huge constant": (
        ended([node("Add", "wide", "high", to="s"), node("Add", "x", "s", to="z")], 60,
              wide=np.zeros((1, 1 << 14), F32), high=np.zeros((1 << 14, 1), F32)), "would have 268435456 numbers"),
    "constants without end": (
        ended([*(node("Concat", f"o{n}", f"o{n}", to=f"o{n + 1}", axis=0) for n in range(40)),
               node("Add", "x", "o40", to="z")], 60, o0=np.zeros(2, F32)), "numbers"),
    "the shape of a tensor to come": (
        graph([node("Shape", "y2", to="s"), node("Reshape", "x", "s", to="f"), node("Relu", "f")]),
        "asks for the shape"),
}  # fmt: skip
REFUSED["integers"][0].graph.input[0].type.tensor_type.elem_type = TensorProto.INT64


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_layer_expresses_is_one_sentence(case, tmp_path):
    model, words = REFUSED[case]
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(FastcnnError) as caught:
        load(tmp_path / "net.onnx")
    text = str(caught.value)
    assert words in text and "\n" not in text and len(text) <= 220


def test_branches_that_share_their_nodes_end_soon(tmp_path, monkeypatch):
    """Read naively, these 30 additions are 2 ** 30 convolutions."""
    monkeypatch.setattr(rows, "MAX_NODES", 1_000)  # 10,000 take ten times as long
    nodes, held = [], {"k": tensor(2, 2, 1, 1)}
    for number in range(30):
        before = f"t{number}" if number else "x"
        nodes += [
            node("Conv", before, "k", to=f"c{number}"), node("Relu", f"c{number}", to=f"r{number}"),
            node("Concat", f"c{number}", f"r{number}", "x", to=f"j{number}", axis=1),
            node("Conv", f"j{number}", "j", to=f"t{number + 1}"),
        ]  # fmt: skip
    held["j"] = tensor(2, 6, 1, 1)
    path = tmp_path / "net.onnx"
    path.write_bytes(graph([*nodes, node("Flatten", "t30")], held).SerializeToString())
    with pytest.raises(FastcnnError, match="branches"):
        load(path)


def test_damaged_files_of_all_forms_are_one_sentence(tmp_path, rng):
    path, refused = tmp_path / "net.onnx", 0
    for model in [*CHANNELS_LAST.values(), *OTHERS.values()] * 15:
        content = bytearray(model.SerializeToString())
        for place in rng.integers(0, len(content), 3):
            content[place] = rng.integers(256)
        path.write_bytes(content)
        try:
            load(path)
        except FastcnnError as error:
            refused += 1
            assert "\n" not in str(error) and len(str(error)) <= 260
    assert refused > 50


def test_a_name_that_is_no_text_and_numbers_that_overflow(tmp_path):
    model = graph(
        [node("Flatten", "x", to="f"), node("Gemm", "f", "w", alpha=3e38)], {"w": np.full((60, 2), 3e38, F32)}
    )
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(FastcnnError, match=r"\(Gemm\): its weight holds NaN or infinity"):
        load(tmp_path / "net.onnx")
    content = ended([node("Relu", "x", to="z")], 60).SerializeToString()
    (tmp_path / "net.onnx").write_bytes(content.replace(b"graph", b"gr\xff\xfeh", 1))
    try:
        assert load(tmp_path / "net.onnx").name == ""
    except FastcnnError as error:  # another protobuf refuses the file
        assert "damaged" in str(error)
