"""onnxruntime gives our numbers: of every layer and every bundled network, for any number of pictures."""

import json
from functools import lru_cache

import numpy as np
import pytest

import fastcnn
from fastcnn import Sequential, layers, load_network
from fastcnn.__main__ import main
from fastcnn.errors import FastcnnError
from fastcnn.layers import Affine, Flatten, Residual
from fastcnn.network.calibration import calibrated
from fastcnn.network.committee import Committee
from fastcnn.zoo.bundled import find_model
from fastcnn.zoo.networks import BUILDERS, BUNDLED, REFUSAL
from tests.fastcnn.layers.cases import CASES
from tests.fastcnn.own_layers import PReLU

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
from fastcnn.onnx import save  # noqa: E402
from fastcnn.onnx.layers import WRITERS  # noqa: E402

CLOSE = 1e-5
BATCHES = (1, 7, 256)
MANY_PICTURES = (1, 7, 50)  # for the bundled networks: onnxruntime runs a committee of five slowly


@lru_cache(maxsize=1)
def session_of(path):
    """onnxruntime with the file, made once for all numbers of pictures. Each holds up to 400 MB: the last one stays."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def answers(path, images):
    """What onnxruntime gives, and the name of the output."""
    session = session_of(path)
    (output,) = session.get_outputs()
    return session.run(None, {"images": images})[0], output.name


def assert_same(path, images, expected, name="logits"):
    found, output = answers(path, images)
    assert (output, found.dtype, found.shape) == (name, np.float32, expected.shape)
    scale = max(1.0, np.abs(expected).max(initial=0))
    assert np.abs(found - expected).max(initial=0) <= CLOSE * scale


def with_layer(case, dtype=np.float32):
    """The layer, whose parameters and statistics are random, and an Affine after it."""
    make, shape = CASES[case]
    layer = make()
    flat = [] if case in ("flatten", "global average") or len(shape) == 1 else [Flatten()]
    layers = [*([] if len(shape) == 3 else [Flatten()]), layer, *flat, Affine(6)]
    network = Sequential(layers, input_shape=shape if len(shape) == 3 else (*shape, 1, 1), seed=3, dtype=dtype)
    rng = np.random.default_rng(4)
    network.values += rng.uniform(-0.1, 0.1, network.values.shape).astype(dtype)
    network.buffers += rng.uniform(0, 0.5, network.buffers.shape).astype(dtype)
    return network


def test_layers_that_have_a_form():
    """A layer that is added later may have none: it is refused in a sentence. Those of today have one."""
    assert len(WRITERS) >= 16


@pytest.mark.parametrize("case", [case for case, (make, _) in CASES.items() if type(make()) in WRITERS])
def test_every_layer_gives_the_same_numbers(case, tmp_path, rng):
    network = with_layer(case)
    save(network, tmp_path / "net.onnx")
    onnx.checker.check_model(str(tmp_path / "net.onnx"), full_check=True)
    for count in BATCHES:
        images = rng.standard_normal((count, *network.input_shape)).astype(np.float32)
        assert_same(tmp_path / "net.onnx", images, network.forward(images))


def test_a_network_of_float64_is_written_in_float32(tmp_path, rng):
    network = with_layer("residual", np.float64)
    save(network, tmp_path / "net.onnx")
    images = rng.standard_normal((7, *network.input_shape)).astype(np.float32)
    assert_same(tmp_path / "net.onnx", images, network.forward(images))


@pytest.mark.parametrize("name", [*BUNDLED, REFUSAL])
def test_every_bundled_network_gives_the_same_numbers(name, tmp_path, rng):
    network = load_network(find_model(name)[1] if name in BUNDLED else find_model("default")[1].with_stem(name))
    images, _ = fastcnn.load_mnist()[1]
    whole = images[: MANY_PICTURES[-1]]
    shares = network.predict_proba(whole)
    expected = {
        "logits": network.forward(whole),
        "softmax": shares,
        "calibrated": shares if isinstance(network, Committee) else calibrated(network, whole),
    }
    for kind, numbers in expected.items():
        path = tmp_path / f"{kind}.onnx"
        save(network, path, **({} if kind == "logits" else {kind: True}))
        for count in MANY_PICTURES:
            assert_same(path, whole[:count], numbers[:count], "logits" if kind == "logits" else "probabilities")


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 40)])
def test_every_builder_gives_the_same_numbers(name, shape, tmp_path, rng):
    network = BUILDERS[name](seed=0, input_shape=shape, classes=5)
    save(network, tmp_path / "net.onnx")
    images = rng.random((7, *shape), dtype=np.float32)
    assert_same(tmp_path / "net.onnx", images, network.forward(images))


def test_the_file_says_what_it_holds_in_names_that_can_be_read(tmp_path):
    network = Sequential(
        [Residual(CASES["conv, same size"][0]()), Flatten(), Affine(2)],
        input_shape=(2, 5, 6), classes=["cat", "dog"], name="pets", seed=0,
    )  # fmt: skip
    save(network, tmp_path / "net.onnx", softmax=True)
    model = onnx.load(tmp_path / "net.onnx")
    assert (model.producer_name, model.producer_version) == ("fastcnn", fastcnn.__version__)
    props = {each.key: each.value for each in model.metadata_props}
    assert (props["name"], json.loads(props["classes"])) == ("pets", ["cat", "dog"])
    names = [node.name for node in model.graph.node]
    assert names == ["0.0.Conv2d", "0.Residual", "1.Flatten", "2.Affine", "softmax", "probabilities"]
    assert {each.name for each in model.graph.initializer} == {"0.0.weight", "0.0.bias", "2.weight", "2.bias"}
    (images,) = model.graph.input
    assert [each.dim_param or each.dim_value for each in images.type.tensor_type.shape.dim] == ["N", 2, 5, 6]


def test_the_same_network_gives_the_same_bytes(tmp_path):
    for name in ("a.onnx", "b.onnx"):
        save(with_layer("concat"), tmp_path / name)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_an_own_layer_is_refused_in_one_sentence(tmp_path):
    network = Sequential([PReLU(), Flatten(), Affine(2)], input_shape=(1, 3, 3), seed=0)
    with pytest.raises(FastcnnError, match=r"layer 0 \(PReLU\) has no form in ONNX"):
        save(network, tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("network", "net.onnx"), {}, "network must be a network or a committee, not 'network'"),
        ((None, 3), {}, "path must be a path as str or Path, not 3"),
        ((None, "net.onnx"), {"softmax": 1}, "softmax must be True or False, not 1"),
        ((None, "net.onnx"), {"calibrated": "yes"}, "calibrated must be True or False, not 'yes'"),
    ],
)
def test_wrong_arguments_are_one_sentence(arguments, options, message):
    with pytest.raises(TypeError, match=message):
        save(*arguments, **options)


def test_the_command_writes_what_save_writes(tmp_path, capsys):
    path = tmp_path / "default.onnx"
    assert main(["export", "default", str(path), "--calibrated"]) == 0
    assert "images (N, 1, 28, 28) to 10 classes" in capsys.readouterr().out
    save(load_network(find_model("default")[1]), tmp_path / "same.onnx", calibrated=True)
    assert path.read_bytes() == (tmp_path / "same.onnx").read_bytes()
    assert main(["export", "paper", str(path)]) == 0  # it replaces its own file
    path.write_bytes(b"another program's")
    assert main(["export", "paper", str(path)]) == 2
    assert "is no ONNX file that fastcnn wrote" in capsys.readouterr().err
    assert main(["export", "paper", str(tmp_path / "paper.pb")]) == 2
    assert "must end in .onnx" in capsys.readouterr().err


def test_without_onnx_the_errors_say_what_to_install(run_python):
    program = """
import sys; sys.modules["onnx"] = None
import fastcnn
try: fastcnn.onnx
except ImportError as error: print(error)
from fastcnn.__main__ import main
sys.exit(main(["export", "paper", "paper.onnx"]))
"""
    done = run_python(program, check=False)
    message = "fastcnn.onnx needs onnx; do: pip install 'fastcnn[onnx]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, message, f"fastcnn: {message}")


def test_the_help_says_what_goes_in_and_comes_out(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["export", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert stop.value.code == 0 and "images (N, C, H, W) float32" in text and "--calibrated" in text


@pytest.mark.parametrize("kind", ["a slope", "a mean", "a weight of float64"])
def test_a_number_that_float32_has_not_is_refused_and_named(kind, tmp_path):
    layer, name = {
        "a slope": (layers.LeakyReLU(1e300), "0.LeakyReLU.alpha"),
        "a mean": (layers.Normalize([1e300], [1.0]), "0.Normalize.mean"),
        "a weight of float64": (layers.Conv2d(1, 1), "0.weight"),
    }[kind]
    network = Sequential([layer, layers.Flatten()], input_shape=(1, 2, 2), seed=0, dtype=np.float64)
    if name == "0.weight":
        network.parameters[name].assign(np.full((1, 1, 1, 1), 1e300))
    with pytest.raises(FastcnnError, match=f"^{name} holds a number that float32 has not"):
        save(network, tmp_path / "net.onnx")
    assert not (tmp_path / "net.onnx").exists()


@pytest.mark.parametrize("temperature", [0, -1, float("nan")])
def test_a_temperature_that_no_softmax_has_is_refused(temperature, tmp_path):
    network = Sequential([layers.Flatten()], input_shape=(1, 2, 2), seed=0)
    network.temperature = temperature
    with pytest.raises(ValueError, match=r"^temperature must be "):
        save(network, tmp_path / "net.onnx", calibrated=True)
