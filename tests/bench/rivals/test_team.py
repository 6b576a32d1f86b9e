"""Rivals in their processes: the missing are named, the wrong are left out, the others are timed."""

import importlib.util

import numpy as np
import pytest

from fastcnn import Sequential, kernels, layers
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.harness.timing import Rival, Timing
from fastcnn.bench.rivals import networks, team
from fastcnn.bench.rivals.team import ENGINES, INFERENCE, TRAINING, Engine, Team
from fastcnn.bench.speed import rivals
from fastcnn.checking.bounds import WrongAnswerError
from fastcnn.kernels.cpu.toolchain.vector import cpu_features

CEILING = {"fma_gflop_per_s": 100.0, "sgemm_gflop_per_s": 80.0}


def test_a_rival_that_cannot_be_imported_is_named_with_the_reason():
    with Team((1,), [Engine("Nobody", "with_nobody")]) as found:
        assert list(found.missing) == ["Nobody"] and "with_nobody is missing" in found.missing["Nobody"]
        built, left_out = found.build(INFERENCE, lambda who, answer: None, {}, None)
        assert built == [] and left_out == {}  # Nobody is no engine of the table


class _Worker:
    """A rival's process that answers at once."""

    def __init__(self, answer=0.0, error=None):
        self.answered, self.error, self.built = answer, error, []

    def build(self, target, **arguments):
        self.built.append((target, arguments))
        if self.error is not None:
            raise self.error
        return [Rival("version", lambda turn_s: [1.0])]

    def answer(self, name):
        return [self.answered]


def _check(who, answer):
    if answer[0] != 0.0:
        raise WrongAnswerError(f"{who}: the answer is off by {answer[0]}")


def test_wrong_answers_and_unknown_layers_are_left_out_with_a_sentence():
    right, wrong, broken = ENGINES[0], ENGINES[1], ENGINES[2]
    found = Team((), ())
    unknown = team.FastcnnError("layer 3 (Twice) has no form in JAX")
    found._workers = {(right, 1): _Worker(), (wrong, 1): _Worker(0.5), (broken, 1): _Worker(error=unknown)}
    built, left_out = found.build("training", _check, {"a": 1}, {"a": 2})
    assert [each.name for each in built] == ["PyTorch: version, 1"]
    assert "off by 0.5" in left_out["TensorFlow"] and "Twice" in left_out["JAX"]
    # First the network that is checked, then the one that is timed; a wrong one is not built again.
    assert [arguments for _, arguments in found._workers[right, 1].built] == [{"a": n, "threads": 1} for n in (1, 2)]
    assert len(found._workers[wrong, 1].built) == 1


def test_the_best_rival_counts_with_at_most_as_many_threads():
    seconds = {"fastcnn, 1": 2.0, "fastcnn, 2": 1.0, "PyTorch: a, 1": 4.0, "PyTorch: b, 2": 0.5, "JAX: jit, 1": 3.0}
    timings = {name: Timing((value,)) for name, value in seconds.items()}
    one, two = (rivals.against(timings, n, 10, 2 * 10**9, CEILING) for n in (1, 2))
    assert (one["rival"], one["ratio"], one["engines"]) == ("JAX: jit, 1", 1.5, {"PyTorch": 2.0, "JAX": 1.5})
    assert (two["rival"], two["ratio"], two["engines"]) == ("PyTorch: b, 2", 0.5, {"PyTorch": 0.5, "JAX": 3.0})
    assert (two["gflop_per_s"], two["share_of_peak"], two["share_of_sgemm"]) == (2.0, 0.02, 0.025)


def test_without_any_rival_there_is_no_ratio():
    found = rivals.against({"fastcnn, 1": Timing((2.0,))}, 1, 10, 10**9, CEILING)
    assert "ratio" not in found and found["images_per_s"] == 5.0


def _every_layer():
    main = [layers.Conv2d(6, 3, stride=2, padding=1, bias=False), layers.BatchNorm2d()]
    parts = [
        layers.Normalize([0.4, 0.5], [0.3, 0.2]),
        layers.Conv2d(4, (3, 2), padding=((1, 0), (0, 1))),
        layers.ReLU(),
        layers.Residual(*main, shortcut=[layers.Conv2d(6, 1, stride=2)]),
        layers.ReLU(),
        layers.Concat([layers.MaxPool2d(3, stride=1, padding=((1, 1), (1, 1)))], [layers.Conv2d(3, 1)]),
        layers.MaxPool2d(2),
        layers.Concat([layers.Flatten(), layers.Affine(7)], [layers.GlobalAvgPool()]),
        layers.Dropout(0.25),
        layers.Affine(5),
    ]
    return Sequential(parts, input_shape=(2, 12, 11), seed=0)


PACKAGES = {
    "with_torch": "torch", "with_tensorflow": "tensorflow", "with_jax": "jax", "with_onnxruntime": "onnxruntime",
    "with_openvino": "openvino",
}  # fmt: skip


def test_each_engine_has_a_package():
    assert [engine.file for engine in ENGINES] == list(PACKAGES)


def test_in_bfloat16_there_are_only_the_engines_that_have_it():
    assert team.engines_in("float32") == ENGINES
    for precision in ("bfloat16", "bfloat16-plain"):
        assert [engine.name for engine in team.engines_in(precision)] == ["PyTorch", "TensorFlow", "OpenVINO"]


class _Team:
    """It keeps what the rivals would be made of, and gives a wrong answer to the check."""

    def build(self, mode, check, checked, timed):
        self.given = checked
        count = 1 + len(checked["network"].parameters) if mode == TRAINING else 1
        with pytest.raises(WrongAnswerError, match="theirs"):
            check("theirs", [np.zeros(1)] * count)
        return [], {}


@pytest.mark.parametrize(
    ("make", "precision"),
    [  # those that are slow compile the steps of all layers, or of bfloat16
        (rivals.infer, "float32"),
        pytest.param(rivals.infer, "bfloat16-plain", marks=pytest.mark.slow),
        pytest.param(rivals.train, "float32", marks=pytest.mark.slow),
        pytest.param(rivals.train, "bfloat16-plain", marks=pytest.mark.slow),
    ],
)
def test_rivals_are_told_of_bfloat16_and_never_get_our_own(make, precision, monkeypatch):
    """Their network is float32: in their process no kernel of ours may run."""
    monkeypatch.setattr(rivals, "BATCHES_KEPT", 2)
    kernels.use("cpu")
    network, told = _every_layer(), _Team()
    network.precision = precision
    ours, _, _ = make(network, 4, told, Settings(quick=True, threads=(1,)))
    assert [each.name for each in ours] == ["fastcnn, 1"]
    assert told.given.get("bfloat16", False) == (precision != "float32")
    assert told.given["network"].precision == "float32"


def _marked(engine):
    mark = pytest.mark.torch if engine.file == "with_torch" else pytest.mark.rivals
    return pytest.param(engine, marks=mark, id=engine.name)


@pytest.mark.parametrize("engine", [_marked(each) for each in ENGINES])
def test_each_rival_gives_our_answers_on_every_layer(engine, monkeypatch):
    """In training loss and all gradients, in inference the logits; a network with every layer that rivals are given."""
    _compare(engine, "float32", monkeypatch)


@pytest.mark.parametrize("engine", [_marked(each) for each in ENGINES if each.bfloat16])
def test_each_rival_with_bfloat16_gives_our_answers_in_it(engine, monkeypatch):
    _compare(engine, "bfloat16-plain", monkeypatch)


def _compare(engine, precision, monkeypatch):
    package = PACKAGES[engine.file]
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    monkeypatch.setattr(rivals, "BATCHES_KEPT", 2)
    kernels.use("cpu")
    network, settings = _every_layer(), Settings(quick=True, threads=(1,))
    network.precision = precision
    with Team((1,), [engine]) as found:
        assert found.missing == {}
        for mode, make in (("training", rivals.train), ("inference", rivals.infer)):
            if mode in engine.modes:
                ours, theirs, left_out = make(network, 6, found, settings)
                if (
                    engine.name == "OpenVINO"
                    and precision != "float32"
                    and not cpu_features() & {"avx512bw", "avxneconvert"}
                ):
                    # It would take float32, so it is not timed. With AVX-512 alone it converts.
                    assert (left_out, theirs) == ({"OpenVINO": "it computes in f32 on this CPU, not in bf16"}, [])
                    return
                assert left_out == {} and theirs and len(ours) == 1
                assert all(np.isfinite(each.turn(0.0)).all() for each in (*ours, *theirs))
        if precision != "float32":  # the last answers are logits: float32 would be nearer
            (worker,) = found._workers.values()
            images, _ = networks.pictures_for(network, 6)
            expected = networks.true_logits(network, images)
            for each in theirs:
                (logits,) = worker.answer(each.name.split(": ")[-1].rsplit(", ", 1)[0] if ":" in each.name else "")
                with pytest.raises(WrongAnswerError):
                    networks.require_logits("theirs", networks.changed(network), logits, expected)
