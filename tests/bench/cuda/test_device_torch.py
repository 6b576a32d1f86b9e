"""`bench --backend cuda` where no GPU is: PyTorch's half, with its CPU in the GPU's place, so that no name is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastcnn.bench.cuda import device
from fastcnn.optim import Adam
from fastcnn.training.trainer import Trainer
from fastcnn.zoo.networks import paper_network
from tests.bench.cuda.test_device import NAMES, Event
from tests.kernels.checks import running

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytestmark = pytest.mark.torch


def test_their_half_is_the_same_network(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    """PyTorch itself, with its CPU in the GPU's place."""

    def stay(self: Any) -> Any:
        return self

    monkeypatch.setattr(torch.Tensor, "cuda", stay)
    monkeypatch.setattr(torch.nn.Module, "cuda", stay)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "Event", lambda enable_timing: Event())
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    images, labels = rng.integers(0, 256, (5, 1, 28, 28), np.uint8), rng.integers(0, 10, 5)
    theirs = device._theirs(images, labels)
    assert theirs is not None and list(theirs.calls) == NAMES
    network = paper_network(seed=0)
    with running("cpu"):
        np.testing.assert_allclose(theirs.calls[NAMES[2]]().numpy(), network.forward(images), atol=1e-5)
        trainer = Trainer(network, Adam(0.001))
        expected = [trainer.step(images, labels) for _ in range(2)]
    assert [theirs.calls[NAMES[0]]().item(), theirs.calls[NAMES[1]]()] == pytest.approx(expected, rel=1e-4)
    assert set(theirs.time(NAMES[1], 1)) == {"device_s", "wall_s"}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device._theirs(images, labels) is None
