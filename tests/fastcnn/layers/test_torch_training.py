"""Trainings of 200 steps in float64, here and in PyTorch: the same weights and statistics to 1e-12 on the way.

The networks have every new kind of layer between them. The learning rate is so small that a rounding error does not
grow from step to step: PyTorch and we add in other orders, and the difference stays at a few units in the last place.
"""

from typing import Any

import numpy as np
import pytest

from fastcnn.layers import (
    GELU,
    Affine,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Concat,
    Conv2d,
    Flatten,
    GlobalAvgPool,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Residual,
    SiLU,
)
from fastcnn.layers.base import walk
from fastcnn.network.sequential import Sequential
from fastcnn.optim import SGD
from fastcnn.training.trainer import Trainer
from tests.fastcnn.layers.test_layers import torch_twin
from tests.kernels.checks import running

STEPS, EVERY, LR, CLOSE = 200, 50, 0.02, 1e-12
SHAPE, CLASSES, BATCH = (2, 9, 8), 5, 6
NETWORKS = {
    "pictures": lambda: [
        *(Conv2d(4, (3, 4), padding="same"), BatchNorm2d(), GELU()),
        Residual(AvgPool2d(3, stride=1, padding=1), Conv2d(4, 3, padding="same"), BatchNorm2d(), LeakyReLU(0.1)),
        *(ReLU(), MaxPool2d((2, 3), stride=1, dilation=2, ceil_mode=True), SiLU()),
        Concat([Conv2d(3, 1), GELU("tanh")], [AvgPool2d(3, stride=1, padding=1, count_include_pad=False)]),
        *(AvgPool2d(3, stride=2, ceil_mode=True), GlobalAvgPool(), Affine(CLASSES)),
    ],
    "features": lambda: [
        *(Conv2d(3, 3, stride=2, padding=1), LeakyReLU(), MaxPool2d(2, ceil_mode=True), Flatten(), BatchNorm1d()),
        *(Affine(7), BatchNorm1d(momentum=0.3), SiLU(), Residual(Affine(7), GELU()), Affine(CLASSES)),
    ],
}


@pytest.mark.torch
@pytest.mark.parametrize("backend", ["cpu", "reference"])
@pytest.mark.parametrize("name", NETWORKS)
def test_200_steps_give_pytorchs_weights(name, backend):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    network = Sequential(NETWORKS[name](), input_shape=SHAPE, seed=2, dtype=np.float64)
    twins = [torch_twin(torch, layer) for layer in network.layers]
    theirs = torch.nn.Sequential(*(twin for twin, _ in twins))
    descent = torch.optim.SGD(theirs.parameters(), lr=LR)
    with running(backend):
        trainer = Trainer(network, SGD(LR))
        for step in range(STEPS):
            images, labels = rng.standard_normal((BATCH, *SHAPE)), rng.integers(0, CLASSES, BATCH)
            loss = trainer.step(images, labels)
            descent.zero_grad()
            expected = torch.nn.functional.cross_entropy(theirs(torch.tensor(images)), torch.tensor(labels))
            expected.backward()
            descent.step()
            assert abs(loss - expected.item()) <= CLOSE
            if step % EVERY == EVERY - 1:
                _compare(network, twins, step)
        theirs.eval()
        logits = theirs(torch.tensor(images)).detach().numpy()
        np.testing.assert_allclose(network.forward(images), logits, rtol=0, atol=CLOSE)


def _compare(network: Sequential, twins: list[Any], step: int) -> None:
    arrays = {**network.parameters, **network.statistics}
    turned = {f"{each.name}.weight" for each in walk(network.layers) if isinstance(each, Affine)}
    for layer, (_, holder) in zip(network.layers, twins, strict=True):
        for name in layer.parameters:
            full, theirs = f"{layer.name}.{name}", getattr(holder, name).detach().numpy()
            expected = theirs.T if full in turned else theirs
            np.testing.assert_allclose(arrays[full].array, expected, rtol=0, atol=CLOSE, err_msg=f"{step}: {full}")
