"""On the GPU, under the simulator: layers of a user's, batches that are refused, and pickles of what lies there."""

import copy
import pickle

import numpy as np
import pytest

from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Flatten, GlobalAvgPool, ReLU
from fastcnn.network.sequential import Sequential
from fastcnn.optim import Adam
from fastcnn.training.trainer import Trainer
from tests.fastcnn.own_layers import LeakyReLU, PReLU
from tests.kernels.cases import SIMULATED
from tests.kernels.checks import running

if not SIMULATED:
    pytest.skip("needs Numba's CUDA simulator: NUMBA_ENABLE_CUDASIM=1", allow_module_level=True)


@pytest.fixture(autouse=True)
def on_cuda():
    with running("cuda"):
        yield


def own() -> Sequential:
    layers = [Conv2d(3, 3), LeakyReLU(), BatchNorm2d(), ReLU(), PReLU(), Flatten(), Affine(4), PReLU()]
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
            assert not network.has_plan
            trainer = Trainer(network, Adam(0.01), clip_norm=1.0, ema_decay=0.9)
            for _ in range(3):
                trainer.step(*batch())
            states[backend] = {**network.state_arrays(), "logits": network.forward(batch()[0])}
    for name, array in states["cuda"].items():
        np.testing.assert_allclose(array, states["reference"][name], rtol=0, atol=1e-9, err_msg=name)


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
