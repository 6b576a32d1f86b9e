"""PyTorch's versions of the paper's network: default layout, channels_last and compiled, with Adam in both its forms.

All start from one fastcnn network's weights. PyTorch is given what suits it best: pictures that are float32 and in
[0, 1] already, in the layout of the model, and for the compiled models the loss as part of what is compiled.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastcnn import Sequential
from fastcnn.arrays import Array

from .sides import torch

ADAMS = {"Adam": {}, "fused Adam": {"fused": True}}
LR = 0.001


def compiler() -> str:
    """Path of the C++ compiler that torch.compile needs, or "" where there is none."""
    return shutil.which("g++") or shutil.which("clang++") or ""


@dataclass
class Opponent:
    """One PyTorch model.

    inference : pictures -> logits
    loss : pictures, labels -> loss; compiled, if the model is
    """

    name: str
    model: Any
    channels_last: bool
    inference: Callable[..., Any]
    loss: Callable[..., Any]
    optimizers: dict[str, Any] = field(default_factory=dict)

    def laid(self, images: Array) -> Any:
        """float32 pictures as this model reads them."""
        library = torch()
        layout = library.channels_last if self.channels_last else library.contiguous_format
        return library.from_numpy(images).contiguous(memory_format=layout)

    def train(self, images: Any, labels: Any, adam: str) -> float:
        """One training step."""
        optimizer = self.optimizers[adam]
        optimizer.zero_grad()
        loss = self.loss(images, labels)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    def infer(self, images: Any) -> Any:
        with torch().inference_mode():
            return self.inference(images)

    def gradients(self, images: Any, labels: Any) -> tuple[float, dict[str, Array]]:
        """The loss, and its gradients under fastcnn's names and in its shapes."""
        for parameter in self.model.parameters():
            parameter.grad = None
        loss = self.loss(images, labels)
        loss.backward()
        found = {name: parameter.grad.contiguous().numpy() for name, parameter in self.model.named_parameters()}
        return loss.item(), {name: _as_ours(value) for name, value in found.items()}


def _as_ours(value: Array) -> Array:
    """fastcnn keeps an affine weight as (in_features, out_features), PyTorch as its transpose."""
    return value.T if value.ndim == 2 else value


def _model(network: Sequential) -> Any:
    nn = torch().nn
    model = nn.Sequential(
        nn.Conv2d(1, 30, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4320, 100), nn.ReLU(),
        nn.Linear(100, 10),
    )  # fmt: skip
    names = {name: parameter.array for name, parameter in network.parameters.items()}
    model.load_state_dict({name: torch().from_numpy(_as_ours(value).copy()) for name, value in names.items()})
    return model


def opponent(network: Sequential, *, channels_last: bool = False, compiled: bool = False, double: bool = False) -> Opponent:
    """The paper's network in PyTorch with the weights of `network`."""
    library = torch()
    model = _model(network)
    if channels_last:
        model = model.to(memory_format=library.channels_last)
    if double:
        model = model.double()

    def loss(images: Any, labels: Any) -> Any:
        return library.nn.functional.cross_entropy(model(images), labels)

    name = ("compiled, " if compiled else "") + ("channels_last" if channels_last else "default layout")
    inference: Callable[..., Any] = model
    if compiled:
        # A model for each batch size, as for the others: nothing is left open for sizes that do not come.
        loss = library.compile(loss, dynamic=False)
        inference = library.compile(model, dynamic=False)
    optimizers = {
        adam: library.optim.Adam(model.parameters(), lr=LR, **options) for adam, options in ADAMS.items()
    }
    return Opponent(name, model, channels_last, inference, loss, optimizers)


def opponents(network: Sequential) -> list[Opponent]:
    """Every version that this machine can run; without a C++ compiler, none that is compiled."""
    found = []
    for compiled in (False, True) if compiler() else (False,):
        found += [opponent(network, channels_last=layout, compiled=compiled) for layout in (False, True)]
    return found


def truth(network: Sequential, images: Array, labels: Array) -> tuple[float, dict[str, Array]]:
    """Loss and gradients in float64, by PyTorch in its default layout."""
    library = torch()
    judge = opponent(network, double=True)
    loss, gradients = judge.gradients(library.from_numpy(images.astype(np.float64)), library.from_numpy(labels))
    return loss, gradients
