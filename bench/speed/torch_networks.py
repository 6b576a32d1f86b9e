"""PyTorch's versions of the paper's network, to be timed in a worker: default layout, channels_last and compiled.

PyTorch gets the best conditions: pictures are float32 in [0, 1], already in the model's layout. Both forms of Adam are
measured. Compiled models include the loss and are compiled for one batch size. This file imports PyTorch and nothing of
fastcnn's kernels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from fastcnn.arrays import Array
from fastcnn.bench.harness.batches import over_batches
from fastcnn.bench.harness.timing import rival
from fastcnn.bench.harness.worker import Entry

ADAMS: dict[str, dict[str, bool]] = {"Adam": {}, "fused Adam": {"fused": True}}
State = dict[str, Array]  # a fastcnn network's arrays, by name


def as_ours(value: Array) -> Array:
    """A value in fastcnn's layout: an affine weight is (in_features, out_features); PyTorch has its transpose."""
    return value.T if value.ndim == 2 else value


def network_of(state: State) -> Any:
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 30, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4320, 100), nn.ReLU(),
        nn.Linear(100, 10),
    )  # fmt: skip
    model.load_state_dict({name: torch.from_numpy(as_ours(value).copy()) for name, value in state.items()})
    return model


def _layout(channels_last: bool) -> Any:
    return torch.channels_last if channels_last else torch.contiguous_format


class Version:
    """One model. loss(pictures, labels) and infer(pictures) are compiled if `compiled` is set."""

    def __init__(self, state: State, lr: float, *, channels_last: bool, compiled: bool) -> None:
        model = network_of(state).to(memory_format=_layout(channels_last))
        self.model, self.channels_last = model, channels_last
        self.name = ("compiled, " if compiled else "") + ("channels_last" if channels_last else "default layout")

        def loss(images: Any, labels: Any) -> Any:
            return torch.nn.functional.cross_entropy(model(images), labels)

        self.loss: Callable[..., Any] = torch.compile(loss, dynamic=False) if compiled else loss
        self.infer: Callable[..., Any] = torch.compile(model, dynamic=False) if compiled else model
        self.optimizers = {
            adam: torch.optim.Adam(model.parameters(), lr=lr, **options) for adam, options in ADAMS.items()
        }

    def laid(self, images: Array) -> Any:
        return torch.from_numpy(images).contiguous(memory_format=_layout(self.channels_last))

    def gradients(self, images: Any, labels: Any) -> list[Array]:
        """The loss and the gradient of each parameter, in fastcnn's shapes."""
        self.model.zero_grad()
        loss = self.loss(images, labels)
        loss.backward()
        grads = [as_ours(parameter.grad.contiguous().numpy()).copy() for parameter in self.model.parameters()]
        return [np.array(loss.item()), *grads]

    def train(self, adam: str) -> Callable[[Any, Any], float]:
        optimizer = self.optimizers[adam]

        def step(images: Any, labels: Any) -> float:
            optimizer.zero_grad()
            loss = self.loss(images, labels)
            loss.backward()
            optimizer.step()
            return float(loss.item())

        return step


def _versions(state: State, lr: float, compiled: bool) -> list[Version]:
    kinds = [(layout, compile_) for compile_ in ((False, True) if compiled else (False,)) for layout in (False, True)]
    return [Version(state, lr, channels_last=layout, compiled=compile_) for layout, compile_ in kinds]


def training(
    *, state: State, images: Array, labels: Array, batch: int, lr: float, threads: tuple[int, ...], compiled: bool
) -> dict[str, Entry]:
    """Training steps through all pictures. Names: "channels_last, fused Adam, 2". Answers: loss and gradients."""
    entries = {}
    targets = torch.from_numpy(labels)
    for version in _versions(state, lr, compiled):
        laid = version.laid(images)

        def answer(version: Version = version, laid: Any = laid, n: int = 1) -> list[Array]:
            torch.set_num_threads(n)
            return version.gradients(laid[:batch], targets[:batch])

        for n in threads:
            for adam in ADAMS:
                call = over_batches(version.train(adam), laid, targets, batch)
                turn = rival("", call, n, torch.set_num_threads).turn
                entries[f"{version.name}, {adam}, {n}"] = Entry(turn, answer)
    return entries


def truth(*, state: State, images: Array, labels: Array) -> dict[str, Entry]:
    """Loss and gradients in float64."""
    model = network_of(state).double()

    def answer() -> list[Array]:
        loss = torch.nn.functional.cross_entropy(model(torch.from_numpy(images).double()), torch.from_numpy(labels))
        grads = torch.autograd.grad(loss, list(model.parameters()))
        return [np.array(loss.item()), *(as_ours(each.numpy()) for each in grads)]

    return {"truth": Entry(lambda turn_s: [], answer)}


def inference(*, state: State, images: Array, threads: tuple[int, ...], compiled: bool) -> dict[str, Entry]:
    """Logits of a batch in inference mode. Names: "channels_last, 2"."""
    entries = {}
    for version in _versions(state, 0.001, compiled):
        laid = version.laid(images)

        def call(version: Version = version, laid: Any = laid) -> Any:
            with torch.inference_mode():
                return version.infer(laid)

        for n in threads:

            def answer(call: Callable[[], Any] = call, n: int = n) -> list[Array]:
                torch.set_num_threads(n)
                return [call().numpy()]

            entries[f"{version.name}, {n}"] = Entry(rival("", call, n, torch.set_num_threads).turn, answer)
    return entries
