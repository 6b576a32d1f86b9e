"""PyTorch's form of a network, to be timed in a worker: default layout, channels_last, and that one compiled.

For bfloat16 it is channels_last with autocast; the loss is that of float32 logits.

PyTorch gets the best conditions: pictures are float32 in [0, 1], already in the model's layout. Both forms of Adam are
measured. Compiled models include the loss and are compiled for one batch size. No kernel of fastcnn runs in
its process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch

from fastcnn.arrays import Array
from fastcnn.bench.harness.batches import compiler, over_batches
from fastcnn.bench.harness.timing import rival
from fastcnn.bench.harness.worker import Entry
from fastcnn.bench.rivals.operations import Converter, Operation, State, operations
from fastcnn.network.sequential import Sequential

ADAMS: dict[str, dict[str, bool]] = {"Adam": {}, "fused Adam": {"fused": True}}


def version() -> str:
    return str(torch.__version__)


def as_ours(value: Array) -> Array:
    """A value in fastcnn's layout: an affine weight is (in_features, out_features); PyTorch has its transpose."""
    return value.T if value.ndim == 2 else value


class _Residual(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not there when types are checked
    def __init__(self, rows: list[Any]) -> None:
        super().__init__()
        self.main, self.shortcut = rows

    def forward(self, x: Any) -> Any:
        return self.main(x) + self.shortcut(x)


class _Concat(torch.nn.Module):  # type: ignore[misc]
    def __init__(self, rows: list[Any]) -> None:
        super().__init__()
        self.rows = torch.nn.ModuleList(rows)

    def forward(self, x: Any) -> Any:
        return torch.cat([row(x) for row in self.rows], 1)


class _Normalize(torch.nn.Module):  # type: ignore[misc]
    def __init__(self, mean: Any, scale: Any) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).reshape(-1, 1, 1))
        self.register_buffer("inverse", 1 / torch.tensor(scale).reshape(-1, 1, 1))

    def forward(self, x: Any) -> Any:
        return (x - self.mean) * self.inverse


class _Modules(Converter):
    """Each method gives the module of an operation, with its weights."""

    RIVAL = "PyTorch"

    def __init__(self, state: State) -> None:
        self.state = {name: torch.from_numpy(as_ours(np.array(value))) for name, value in state.items()}

    def row(self, found: Iterable[Operation]) -> Any:
        return torch.nn.Sequential(*map(self.convert, found))

    def _with_weights(self, operation: Operation, module: Any) -> Any:
        start = f"{operation['name']}."
        own = {name.removeprefix(start): value for name, value in self.state.items() if name.startswith(start)}
        module.load_state_dict(own, strict=False)
        return module

    def conv2d(self, operation: Operation) -> Any:
        weight = self.state[f"{operation['name']}.weight"]
        (top, bottom), (left, right) = operation["padding"]
        even = (top, left) == (bottom, right)
        module = torch.nn.Conv2d(
            weight.shape[1] * operation["groups"], weight.shape[0], operation["kernel_size"], operation["stride"],
            (top, left) if even else 0, operation["dilation"], operation["groups"], operation["bias"],
        )  # fmt: skip
        module = self._with_weights(operation, module)
        return module if even else torch.nn.Sequential(torch.nn.ZeroPad2d((left, right, top, bottom)), module)

    def batchnorm2d(self, operation: Operation) -> Any:
        channels = len(self.state[f"{operation['name']}.weight"])
        return self._with_weights(operation, torch.nn.BatchNorm2d(channels, operation["eps"], operation["momentum"]))

    def affine(self, operation: Operation) -> Any:
        weight = self.state[f"{operation['name']}.weight"]
        return self._with_weights(operation, torch.nn.Linear(weight.shape[1], weight.shape[0]))

    def maxpool2d(self, operation: Operation) -> Any:
        (top, bottom), (left, right) = operation["padding"]
        if (top, left) == (bottom, right):
            return torch.nn.MaxPool2d(operation["kernel_size"], operation["stride"], (top, left))
        border = torch.nn.ConstantPad2d((left, right, top, bottom), float("-inf"))
        return torch.nn.Sequential(border, torch.nn.MaxPool2d(operation["kernel_size"], operation["stride"]))

    def relu(self, _: Operation) -> Any:
        return torch.nn.ReLU()

    def leakyrelu(self, operation: Operation) -> Any:
        return torch.nn.LeakyReLU(operation["negative_slope"])

    def silu(self, _: Operation) -> Any:
        return torch.nn.SiLU()

    def globalavgpool(self, _: Operation) -> Any:
        return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())

    def flatten(self, _: Operation) -> Any:
        return torch.nn.Flatten()

    def dropout(self, operation: Operation) -> Any:
        return torch.nn.Dropout(operation["rate"])

    def normalize(self, operation: Operation) -> Any:
        return _Normalize(operation["mean"], operation["scale"])

    def residual(self, operation: Operation) -> Any:
        return _Residual([self.row(row) for row in operation["rows"]])

    def concat(self, operation: Operation) -> Any:
        return _Concat([self.row(row) for row in operation["rows"]])


def model_of(network: Sequential) -> Any:
    """The network as a module of PyTorch, for training."""
    return _Modules(network.state_arrays()).row(operations(network.layers))


class _Version:
    """One model. loss(pictures, labels) and infer(pictures) are compiled if `compiled` is set."""

    def __init__(self, network: Sequential, *, channels_last: bool, compiled: bool, bfloat16: bool) -> None:
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.model = model = model_of(network).to(memory_format=self.layout)
        self.name = "compiled " * compiled + "autocast " * bfloat16
        self.name += "channels_last" if channels_last else "default layout"

        def rounded(images: Any) -> Any:
            with torch.autocast("cpu", torch.bfloat16):
                found = model(images)
            return found.float()

        logits = rounded if bfloat16 else model

        def loss(images: Any, labels: Any) -> Any:
            return torch.nn.functional.cross_entropy(logits(images), labels)

        self.loss: Callable[..., Any] = torch.compile(loss, dynamic=False) if compiled else loss
        self.infer: Callable[..., Any] = torch.compile(logits, dynamic=False) if compiled else logits

    def laid(self, images: Array) -> Any:
        return torch.from_numpy(images).contiguous(memory_format=self.layout)

    def gradients(self, images: Any, labels: Any) -> list[Array]:
        """The loss and the gradient of each parameter, in fastcnn's shapes."""
        self.model.zero_grad()
        loss = self.loss(images, labels)
        loss.backward()
        grads = [as_ours(parameter.grad.contiguous().numpy()).copy() for parameter in self.model.parameters()]
        return [np.array(loss.item()), *grads]

    def train(self, adam: str, lr: float) -> Callable[[Any, Any], float]:
        optimizer = torch.optim.Adam(self.model.parameters(), lr=lr, **ADAMS[adam])

        def step(images: Any, labels: Any) -> float:
            optimizer.zero_grad()
            loss = self.loss(images, labels)
            loss.backward()
            optimizer.step()
            return float(loss.item())

        return step


def _versions(network: Sequential, compiled: bool, bfloat16: bool) -> list[_Version]:
    """Both layouts, and the second one compiled: it takes long, so not the first one too."""
    kinds = [(False, False), (True, False), *([(True, True)] if compiled and compiler() else [])]
    return [
        _Version(network, channels_last=layout, compiled=kind, bfloat16=bfloat16)
        for layout, kind in kinds
        if layout or not bfloat16
    ]


def training(
    *, network: Sequential, images: Array, labels: Array, batch: int, lr: float, threads: int, compiled: bool,
    bfloat16: bool = False,
) -> dict[str, Entry]:  # fmt: skip
    """Training steps through all pictures. Names: "channels_last, fused Adam". Answers: loss and gradients."""
    torch.set_num_threads(threads)
    entries = {}
    targets = torch.from_numpy(labels)
    for version in _versions(network, compiled, bfloat16):
        laid = version.laid(images)

        def answer(version: _Version = version, laid: Any = laid) -> list[Array]:
            return version.gradients(laid[:batch], targets[:batch])

        for adam in ADAMS:
            call = over_batches(version.train(adam, lr), laid, targets, batch)
            entries[f"{version.name}, {adam}"] = Entry(rival("", call, threads, torch.set_num_threads).turn, answer)
    return entries


def inference(
    *, network: Sequential, images: Array, threads: int, compiled: bool, bfloat16: bool = False
) -> dict[str, Entry]:
    """Logits of a batch in inference mode. Names: "channels_last"."""
    torch.set_num_threads(threads)
    entries = {}
    for version in _versions(network, compiled, bfloat16):
        version.model.eval()
        laid = version.laid(images)

        def call(version: _Version = version, laid: Any = laid) -> Any:
            with torch.inference_mode():
                return version.infer(laid)

        def answer(call: Callable[[], Any] = call) -> list[Array]:
            return [call().numpy()]

        entries[version.name] = Entry(rival("", call, threads, torch.set_num_threads).turn, answer)
    return entries
