"""On a GPU, or under the simulator: layers of a user's, batches that are refused, and pickles of what lies there."""

import copy
import pickle

import numpy as np
import pytest

from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Flatten, GlobalAvgPool, ReLU
from fastcnn.network.sequential import Sequential
from fastcnn.optim import Adam
from fastcnn.training.batches import DeviceBatches, batches_for
from fastcnn.training.trainer import Trainer
from tests.fastcnn.layers.cases import CASES
from tests.fastcnn.layers.test_steps import alone, between, outcome
from tests.fastcnn.network.branched import NETWORKS as BRANCHED
from tests.fastcnn.own_layers import NETWORKS, PReLU, TenthReLU
from tests.kernels.checks import running

pytestmark = [pytest.mark.gpu, pytest.mark.usefixtures("on_cuda")]


def own() -> Sequential:
    layers = [Conv2d(3, 3), TenthReLU(), BatchNorm2d(), ReLU(), PReLU(), Flatten(), Affine(4), PReLU()]
    return Sequential(layers, input_shape=(1, 5, 6), seed=0, dtype=np.float64)


def fused() -> Sequential:
    layers = [Conv2d(3, 3), BatchNorm2d(), ReLU(), Flatten(), Affine(4)]
    return Sequential(layers, input_shape=(1, 5, 6), seed=0)


def batch(n: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.integers(0, 256, (n, 1, 5, 6), np.uint8), rng.integers(0, 4, n)


def test_a_network_with_layers_of_its_own_follows_the_reference() -> None:
    states = {}
    for backend in ("cuda", "reference"):
        with running(backend):
            network = own()
            assert network.has_plan == (backend == "cuda")
            trainer = Trainer(network, Adam(0.01), clip_norm=1.0, ema_decay=0.9)
            for _ in range(3):
                trainer.step(*batch())
            states[backend] = {**network.state_arrays(), "logits": network.forward(batch()[0])}
    for name, array in states["cuda"].items():
        np.testing.assert_allclose(array, states["reference"][name], rtol=0, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("name", ["batch norm and pool", "flatten and affine", "no gradient below", "normalize"])
def test_layers_of_their_own_run_next_to_fused_steps(name: str) -> None:
    """Loss, gradients and statistics of two batches, the second smaller, are those of the reference."""
    outcomes = []
    for backend in ("cuda", "reference"):
        with running(backend):
            shape, layers = NETWORKS[name]
            network = Sequential(layers(), input_shape=shape, seed=3, dtype=np.float64)
            rng = np.random.default_rng(2)
            for n in (3, 2):
                images, labels = rng.standard_normal((n, *shape)), rng.integers(0, 6, n)
                loss = network.loss_and_gradients(images, labels, step=5)
            arrays = {"loss": np.array(loss), "gradients": network.gradients.copy(), "buffers": network.buffers.copy()}
            outcomes.append({**arrays, "logits": network.forward(images)})
    for key, array in outcomes[0].items():
        np.testing.assert_allclose(array, outcomes[1][key], rtol=0, atol=1e-9, err_msg=key)


@pytest.mark.parametrize("make", [between, alone])
@pytest.mark.parametrize("case", CASES)
def test_each_layer_has_a_step_that_follows_the_reference(case, make) -> None:  # type: ignore[no-untyped-def]
    """In float64, between other layers and on the pictures themselves."""
    ours, theirs = outcome("cuda", make, case, np.float64), outcome("reference", make, case, np.float64)
    for key, array in ours.items():
        np.testing.assert_allclose(array, theirs[key], rtol=0, atol=1e-11, err_msg=key)


@pytest.mark.parametrize("name", BRANCHED)
def test_layers_that_hold_layers_follow_the_reference(name: str) -> None:
    """Loss, gradients and statistics of two batches, the second smaller, are those of the reference."""
    outcomes = []
    for backend in ("cuda", "reference"):
        with running(backend):
            shape, layers = BRANCHED[name]
            network = Sequential(layers(), input_shape=shape, seed=3, dtype=np.float64)
            rng = np.random.default_rng(2)
            for n in (3, 2):
                images, labels = rng.standard_normal((n, *shape)), rng.integers(0, 6, n)
                loss = network.loss_and_gradients(images, labels, step=5)
            arrays = {"loss": np.array(loss), "gradients": network.gradients.copy(), "buffers": network.buffers.copy()}
            outcomes.append({**arrays, "logits": network.forward(images)})
    for key, array in outcomes[0].items():
        np.testing.assert_allclose(array, outcomes[1][key], rtol=0, atol=1e-9, err_msg=key)


def test_fused_steps_stay_next_to_a_layer_of_its_own() -> None:
    names = [line.split("  ")[0] for line in own().plan(4).splitlines()[2:-2]]
    assert names == [
        *("pictures", "conv2d 3x3", "TenthReLU", "batch_norm + relu", "PReLU", "affine", "PReLU"),
        "softmax + cross-entropy",
    ]


def test_many_pictures_and_a_training_on_the_gpu_go_through_a_layer_of_its_own(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Chunks of three pictures, one after the other, and batches of a set that was sent once."""
    from fastcnn.kernels.cuda.steps import device

    images, labels = batch(8)
    answers = []
    for backend in ("cuda", "reference"):
        with running(backend):
            network = own()
            monkeypatch.setattr(network, "_chunk", 3)
            monkeypatch.setattr(device, "Pipeline", None)  # its streams would not wait for the layer
            assert (type(batches_for(network, images, labels, 4, None, 0)) is DeviceBatches) == (backend == "cuda")
            Trainer(network, Adam(0.01)).fit(images, labels, epochs=1, batch_size=4, validation=0, progress=False)
            answers.append(network.forward(images))
    np.testing.assert_allclose(*answers, rtol=0, atol=1e-9)


def test_batch_norm_with_one_value_a_channel_is_refused_before_anything_changes() -> None:
    sentences = []
    for backend in ("cuda", "reference"):
        with running(backend):
            layers = [Conv2d(3, (5, 6)), BatchNorm2d(), ReLU(), GlobalAvgPool()]
            network = Sequential(layers, input_shape=(1, 5, 6), seed=0)
            before = network.state_arrays()
            with pytest.raises(ValueError, match="needs more than one value a channel") as caught:
                network.loss_and_gradients(batch(1)[0], np.zeros(1, int))
            sentences.append(str(caught.value))
            for name, array in network.state_arrays().items():
                np.testing.assert_array_equal(array, before[name])
    assert sentences[0] == sentences[1]


def test_answers_that_are_not_finite_are_an_error() -> None:
    network = fused()
    network.values[:] = 3e38
    with pytest.raises(ValueError, match="no numbers"):
        network.predict_proba(batch()[0])


@pytest.mark.parametrize("way", [lambda trainer: pickle.loads(pickle.dumps(trainer)), copy.deepcopy])
def test_a_training_comes_back_from_the_gpu_and_goes_on_there(way) -> None:  # type: ignore[no-untyped-def]
    trainer = Trainer(fused(), Adam(0.01), ema_decay=0.9)
    trainer.step(*batch())
    twin = way(trainer)
    for each in (trainer, twin):
        each.step(*batch())
    for ours, theirs in ((trainer.network, twin.network), (trainer._average.network, twin._average.network)):  # type: ignore[union-attr]
        for name, array in ours.state_arrays().items():
            np.testing.assert_array_equal(array, theirs.state_arrays()[name], err_msg=name)
