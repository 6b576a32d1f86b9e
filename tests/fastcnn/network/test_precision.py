"""The precision of a network and a trainer: what it changes, what it does not, and where it is refused.

The plain unit is named here: it runs on every CPU. What its steps compute is in tests/kernels/cpu/bfloat16.
"""

import json
import pickle

import numpy as np
import pytest

from fastcnn import Sequential, Trainer, kernels, load_network, optim
from fastcnn.errors import FastcnnError
from fastcnn.kernels.cpu import bfloat16
from fastcnn.kernels.cpu.bfloat16 import units
from fastcnn.kernels.cpu.toolchain import bfloat16 as toolchain
from fastcnn.kernels.precision import PRECISIONS
from fastcnn.kernels.threads import set_threads, threads
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Dropout, Flatten, MaxPool2d, ReLU
from fastcnn.network.plan import Plan
from fastcnn.training.checkpoint import load_checkpoint
from tests.kernels.cases import COMPILED

PLAIN = "bfloat16-plain"
FASTEST = f"bfloat16-{toolchain.unit()}"  # of this CPU
REFUSAL = "Operation not permitted"  # as Linux says it
AVX512 = {"avx512f", "avx512bf16"}
AMX = AVX512 | {"amx-tile", "amx-bf16"}


def network(**options):
    layers = [
        *(Conv2d(6, 3, padding=1), ReLU(), MaxPool2d(2), BatchNorm2d(), Conv2d(9, 3), ReLU()),
        *(Flatten(), Dropout(0.2, seed=1), Affine(8), ReLU(), Affine(3)),
    ]
    return Sequential(layers, input_shape=(1, 8, 8), seed=0, **options)


def batch(rng, count=24):
    """Pictures of three classes that a few steps tell apart."""
    labels = np.arange(count) % 3
    images = rng.random((count, 1, 8, 8), np.float32) * np.float32(0.3)
    for image, label in zip(images, labels, strict=True):
        image[0, 2 * label : 2 * label + 3] += 0.6
    return images, labels


@pytest.fixture
def cpu(monkeypatch):
    """A CPU with these features, whose vdpbf16ps is so many times as fast as float32."""

    def features(names, gain=0.5, refusal=""):
        monkeypatch.setattr(toolchain, "cpu_features", lambda: set(names))
        monkeypatch.setattr(toolchain, "amx_refusal", lambda: refusal)
        monkeypatch.setattr(toolchain, "VECTOR_BYTES", 64)
        monkeypatch.setattr(units, "gain", lambda: gain)
        bfloat16.steps.cache_clear()

    yield features
    bfloat16.steps.cache_clear()


@pytest.mark.slow  # compiles the steps of bfloat16
def test_products_are_rounded_and_parameters_are_not(one_thread, rng):
    images, labels = batch(rng)
    exact, rounded = network(), network(precision=PLAIN)
    assert (exact.precision, rounded.precision) == ("float32", PLAIN)
    np.testing.assert_array_equal(exact.values, rounded.values)
    a, b = exact.forward(images), rounded.forward(images)
    assert b.dtype == np.float32
    # Four products, whose operands are off by a share of 2^-9 each; a network of other numbers is off by more.
    assert 0 < np.abs(a - b).max() <= 8 * 4 * 2.0**-8 * np.abs(a).max()
    exact.loss_and_gradients(images, labels, step=1)
    rounded.loss_and_gradients(images, labels, step=1)
    assert exact.gradients.dtype == rounded.gradients.dtype == np.float32
    assert not np.array_equal(exact.gradients, rounded.gradients)


@pytest.mark.slow  # compiles the steps of bfloat16
def test_precision_can_be_changed_at_any_time(one_thread, rng):
    images, _ = batch(rng)
    one, rounded = network(), network(precision=PLAIN).forward(images)
    before = one.forward(images)
    one.precision = PLAIN
    np.testing.assert_array_equal(one.forward(images), rounded)
    one.precision = "float32"
    np.testing.assert_array_equal(one.forward(images), before)


@pytest.mark.slow  # compiles the steps of bfloat16
def test_a_trainer_gives_the_network_its_precision_and_learns(one_thread, rng):
    images, labels = batch(rng)
    one = network()
    trainer = Trainer(one, optim.Adam(0.01), ema_decay=0.5, precision=PLAIN)
    assert one.precision == PLAIN
    losses = [trainer.step(images, labels) for _ in range(40)]
    assert losses[-1] < 0.5 * losses[0]
    assert one.evaluate(images, labels).accuracy == 1.0
    assert Trainer(network(precision=PLAIN), optim.Adam(0.01)).network.precision == PLAIN
    assert Trainer(network(precision=PLAIN), optim.Adam(0.01), precision="float32").network.precision == "float32"


@pytest.mark.slow  # compiles the steps of bfloat16
def test_copies_and_pickles_keep_it_and_files_do_not_know_it(one_thread, rng, tmp_path):
    images, _ = batch(rng)
    one = network(precision=PLAIN)
    for twin in (one.copy(), pickle.loads(pickle.dumps(one))):
        assert twin.precision == PLAIN
        np.testing.assert_array_equal(twin.forward(images), one.forward(images))
    one.save(tmp_path / "rounded.safetensors")
    network().save(tmp_path / "exact.safetensors")
    assert (tmp_path / "rounded.safetensors").read_bytes() == (tmp_path / "exact.safetensors").read_bytes()
    again = load_network(tmp_path / "rounded.safetensors")
    assert again.precision == "float32"
    np.testing.assert_array_equal(again.forward(images), network().forward(images))
    assert "precision" not in json.dumps(one.describe())


@pytest.mark.slow  # compiles each kernel once more, in the form for several threads
@pytest.mark.parametrize("precision", [PLAIN, FASTEST])
def test_threads_do_not_change_the_bits(precision, rng):
    layers = [
        *(Conv2d(16, 3, padding=1), ReLU(), Conv2d(16, 3, padding=1, bias=False), BatchNorm2d(), ReLU()),
        *(Conv2d(32, 3), ReLU(), MaxPool2d(2), Flatten(), Affine(40), ReLU(), Affine(10)),
    ]
    shape = (1, 20, 20) if COMPILED else (1, 6, 6)
    first = Sequential(layers, input_shape=shape, seed=0, precision=precision)
    images = rng.random((96 if COMPILED else 4, *shape), np.float32)
    before, found = threads(), []
    try:
        for count in (1, 2, 4):
            set_threads(count)
            one = first.copy()  # a step moves the running averages
            loss = one.loss_and_gradients(images, np.arange(len(images)) % 10)
            found.append((loss, one.gradients.tobytes(), one.forward(images).tobytes()))
    finally:
        set_threads(before)
    assert found[0] == found[1] == found[2]


@pytest.mark.slow  # compiles the steps of bfloat16
def test_a_checkpoint_keeps_the_precision(one_thread, rng, tmp_path):
    images, labels = batch(rng)
    path, options = tmp_path / "state.safetensors", {"batch_size": 8, "seed": 2, "progress": False}

    def trained(epochs, precision, **more):
        one = network(precision=precision)
        Trainer(one, optim.Adam(0.01)).fit(images, labels, epochs=epochs, **options, **more)
        return one.values

    whole = trained(3, PLAIN)
    trained(2, PLAIN, checkpoint=path)
    with pytest.raises(FastcnnError, match="was made with precision bfloat16-plain, not float32;"):
        trained(3, "float32", resume=path)
    np.testing.assert_array_equal(trained(3, PLAIN, resume=path), whole)
    trained(2, "float32", checkpoint=path)
    assert "precision" not in load_checkpoint(path).settings  # as in checkpoints from before there was another one
    with pytest.raises(FastcnnError, match="was made with precision float32, not bfloat16-plain;"):
        trained(3, PLAIN, resume=path)


@pytest.mark.parametrize(
    ("features", "reason"),
    [
        ({"avx2", "fma"}, "this CPU has neither AMX nor AVX512-BF16"),
        (AVX512, r"this CPU gains nothing: its vdpbf16ps is 0.50 times as fast as float32, where 1.3 is wanted"),
        (AMX, rf"the system refuses AMX's registers \({REFUSAL}; see fastcnn info\), and without them this CPU gains"),
        (AMX - {"avx512bf16"}, rf"the system refuses AMX's registers \({REFUSAL}; see"),
    ],
)
@pytest.mark.parametrize("refusal", [REFUSAL, *toolchain.REASONS.values()])
def test_a_cpu_that_gains_nothing_says_so_in_one_sentence(cpu, features, reason, refusal):
    cpu(features, refusal=refusal)
    reason = reason.replace(REFUSAL, refusal)
    one = network()
    calls = (
        lambda: network(precision="bfloat16"),
        lambda: setattr(one, "precision", "bfloat16"),
        lambda: Trainer(one, optim.SGD(0.1), precision="bfloat16"),
    )
    for call in calls:
        with pytest.raises(FastcnnError, match=f"^precision bfloat16 is not for this machine: {reason}") as error:
            call()
        assert str(error.value).endswith("; use float32") and len(str(error.value)) <= 200
        assert one.precision == "float32"


@pytest.mark.parametrize(("features", "gain", "unit"), [(AVX512, 1.3, "avx512"), (AMX, 0.5, "amx"), (AMX, 2.0, "amx")])
def test_the_fastest_unit_is_taken_where_it_gains(cpu, monkeypatch, features, gain, unit):
    cpu(features, gain)
    made = []
    monkeypatch.setattr(bfloat16, "steps_with", lambda unit: made.append(unit) or object())
    assert network(precision="bfloat16").precision == "bfloat16"
    assert made == [unit]


def test_a_named_unit_is_taken_or_refused_and_never_replaced(cpu):
    cpu({"avx2"})
    assert network(precision=PLAIN).precision == PLAIN
    for name, reason in (("amx", "it has no AMX, or"), ("avx512", "it has no AVX512-BF16, or")):
        with pytest.raises(FastcnnError, match=rf"^precision bfloat16-{name} is not for this machine: {reason}"):
            network(precision=f"bfloat16-{name}")


@pytest.mark.parametrize(
    ("precision", "options", "sentence"),
    [
        ("float16", {}, rf"^precision must be one of {', '.join(PRECISIONS)}, not 'float16'$"),
        (16, {}, "^precision must be a text such as 'bfloat16', not 16$"),
        (PLAIN, {"dtype": np.float64}, "^precision bfloat16-plain is for a network of dtype float32, not float64$"),
    ],
)
def test_a_wrong_precision_is_one_sentence(precision, options, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        network(precision=precision, **options)


def test_a_network_that_ends_in_pictures_is_refused():
    with pytest.raises(ValueError, match=r"^precision bfloat16-plain is for a network that ends in Affine"):
        Sequential([Conv2d(2, 3), Flatten()], input_shape=(1, 8, 8), precision=PLAIN)


def test_other_backends_have_float32_only():
    one, before = network(precision=PLAIN), kernels.backend()
    try:
        kernels.use("reference")
        for call in (lambda: one.forward(np.zeros((1, 1, 8, 8), np.float32)), lambda: network(precision=PLAIN)):
            with pytest.raises(FastcnnError, match=r"the backend 'reference' has float32 only; use float32$"):
                call()
    finally:
        kernels.use(before)


def test_nothing_of_it_is_imported_before_it_is_asked_for(run_python, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\nimport numpy as np\nimport fastcnn\n"
        "network = fastcnn.paper_network(seed=0)\n"
        "network.forward(np.zeros((1, 1, 28, 28), np.uint8))\n"
        "names = ('kernels.cpu.bfloat16', 'products.pairs', 'tiles.pairs', 'tiles.amx')\n"
        "print([name for name in sys.modules if name.endswith(names)])\n"
    )
    assert run_python(program).stdout.strip() == "[]"


def test_plans_are_made_of_the_steps_of_the_precision(one_thread):
    """`Plan.made_of` compares the steps, and they are the same object each time."""
    one = network(precision=PLAIN)
    steps = one._steps()
    plan = Plan(one.layers, one.input_shape, one.dtype, steps, capacity=1, training=False, version=lambda: None)
    assert plan.made_of(one._steps())
    one.precision = "float32"
    assert not plan.made_of(one._steps())
    assert "in bfloat16" in network(precision=PLAIN).plan(2)
