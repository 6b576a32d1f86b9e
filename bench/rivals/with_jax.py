"""JAX's form of a network, under jit, to be timed in a worker.

JAX gets the best conditions: pictures are float32 in [0, 1], channels last, cut into batches before; a step is one
compiled function that may write over its arguments. XLA takes as many threads as the process has cores. No
kernel of fastcnn runs in its process.
"""

from __future__ import annotations

from itertools import cycle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fastcnn.arrays import Array
from fastcnn.bench.harness.timing import rival
from fastcnn.bench.harness.worker import Entry
from fastcnn.bench.rivals.channels_last import pictures, to_ours, to_theirs
from fastcnn.bench.rivals.operations import Applying, Operation, operations, trained_names
from fastcnn.network.sequential import Sequential

BETAS, EPS = (0.9, 0.999), 1e-8
NONE = (0, 0)
Values = dict[str, Any]


def version() -> str:
    return str(jax.__version__)


class Function(Applying):
    """A network as a function of its arrays; `moved` are the running statistics after a training forward."""

    RIVAL = "JAX"

    def __init__(self, found: list[Operation]) -> None:
        self.operations = found

    def __call__(self, values: Values, x: Any, key: Any = None) -> tuple[Any, Values]:
        self.values, self.key, self.moved = values, key, dict[str, Any]()
        return self.run(self.operations, x, key is not None), self.moved

    def conv2d(self, operation: Operation, x: Any, _: bool) -> Any:
        name = operation["name"]
        x = jax.lax.conv_general_dilated(
            x, self.values[f"{name}.weight"], operation["stride"], operation["padding"],
            rhs_dilation=operation["dilation"], dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=operation["groups"],
        )  # fmt: skip
        return x + self.values[f"{name}.bias"] if operation["bias"] else x

    def batchnorm2d(self, operation: Operation, x: Any, training: bool) -> Any:
        start = f"{operation['name']}."
        mean, variance = self.values[f"{start}running_mean"], self.values[f"{start}running_var"]
        if training:
            batch_mean, batch_variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
            share, count = operation["momentum"], x.size // x.shape[-1]
            unbiased = batch_variance * (count / (count - 1))
            self.moved[f"{start}running_mean"] = mean + share * (batch_mean - mean)
            self.moved[f"{start}running_var"] = variance + share * (unbiased - variance)
            mean, variance = batch_mean, batch_variance
        scale = self.values[f"{start}weight"] * jax.lax.rsqrt(variance + operation["eps"])
        return (x - mean) * scale + self.values[f"{start}bias"]

    def affine(self, operation: Operation, x: Any, _: bool) -> Any:
        weight, bias = (self.values[f"{operation['name']}.{each}"] for each in ("weight", "bias"))
        return x @ weight + bias

    def maxpool2d(self, operation: Operation, x: Any, _: bool) -> Any:
        window, stride = ((1, *operation[each], 1) for each in ("kernel_size", "stride"))
        return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, stride, (NONE, *operation["padding"], NONE))

    def relu(self, _: Operation, x: Any, __: bool) -> Any:
        return jax.nn.relu(x)

    def leakyrelu(self, operation: Operation, x: Any, _: bool) -> Any:
        return jax.nn.leaky_relu(x, operation["negative_slope"])

    def silu(self, _: Operation, x: Any, __: bool) -> Any:
        return jax.nn.silu(x)

    def globalavgpool(self, _: Operation, x: Any, __: bool) -> Any:
        return x.mean((1, 2))

    def flatten(self, _: Operation, x: Any, __: bool) -> Any:
        return x.reshape(len(x), -1)

    def dropout(self, operation: Operation, x: Any, training: bool) -> Any:
        rate = operation["rate"]
        if not training or not rate:
            return x
        self.key, own = jax.random.split(self.key)
        return jnp.where(jax.random.bernoulli(own, 1 - rate, x.shape), x / (1 - rate), 0)

    def normalize(self, operation: Operation, x: Any, _: bool) -> Any:
        mean, scale = (np.array(operation[each], np.float32) for each in ("mean", "scale"))
        return (x - mean) * (1 / scale)

    def joined(self, parts: list[Any]) -> Any:
        return jnp.concatenate(parts, -1)


def _arrays(network: Sequential) -> Values:
    theirs = to_theirs(operations(network.layers), network.state_arrays())
    return {name: jnp.asarray(value) for name, value in theirs.items()}


def training(
    *, network: Sequential, images: Array, labels: Array, batch: int, lr: float, threads: int, compiled: bool
) -> dict[str, Entry]:
    """Training steps through all pictures; the answer is loss and gradients. It is compiled always."""
    rows = operations(network.layers)
    function, arrays = Function(rows), _arrays(network)
    names = trained_names(rows, arrays)

    def loss_of(trained: Values, running: Values, x: Any, t: Any, key: Any) -> Any:
        logits, moved = function(running | trained, x, key)
        return -jnp.take_along_axis(jax.nn.log_softmax(logits), t[:, None], 1).mean(), moved

    gradients = jax.value_and_grad(loss_of, has_aux=True)

    def step(carried: Any, x: Any, t: Any) -> Any:
        trained, running, firsts, seconds, count, key = carried
        key, own = jax.random.split(key)
        (loss, moved), found = gradients(trained, running, x, t, own)
        count = count + 1
        rate = lr * jnp.sqrt(1 - BETAS[1] ** count) / (1 - BETAS[0] ** count)
        firsts = jax.tree.map(lambda m, g: BETAS[0] * m + (1 - BETAS[0]) * g, firsts, found)
        seconds = jax.tree.map(lambda v, g: BETAS[1] * v + (1 - BETAS[1]) * g * g, seconds, found)
        trained = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + EPS), trained, firsts, seconds)
        return (trained, running | moved, firsts, seconds, count, key), loss

    laid, starts = pictures(images), range(0, len(images) - batch + 1, batch)
    batches = [(jnp.asarray(laid[s : s + batch]), jnp.asarray(labels[s : s + batch])) for s in starts]
    following, compiled_step = cycle(batches), jax.jit(step, donate_argnums=0)

    def answer() -> list[Array]:
        trained = {name: arrays[name] for name in names}
        (loss, _), found = jax.jit(gradients)(trained, arrays, *batches[0], jax.random.key(0))
        ours = to_ours(rows, {name: np.asarray(found[name]) for name in names})
        return [np.asarray(loss), *ours.values()]

    def copies(chosen: list[str]) -> Values:
        return {name: arrays[name].copy() for name in chosen}

    zeros = [{name: jnp.zeros_like(arrays[name]) for name in names} for _ in BETAS]
    others = [name for name in arrays if name not in names]
    carried = [(copies(names), copies(others), *zeros, jnp.zeros((), jnp.int32), jax.random.key(0))]

    def call() -> float:
        carried[0], loss = compiled_step(carried[0], *next(following))
        jax.block_until_ready(carried[0])
        return float(loss)

    return {"jit": Entry(rival("", call, threads, lambda n: None).turn, answer)}


def inference(*, network: Sequential, images: Array, threads: int, compiled: bool) -> dict[str, Entry]:
    """Logits of a batch."""
    function, values, x = Function(operations(network.layers)), _arrays(network), jnp.asarray(pictures(images))
    logits = jax.jit(lambda values, x: function(values, x)[0])

    def call() -> Array:
        return np.asarray(logits(values, x))

    return {"jit": Entry(rival("", call, threads, lambda n: None).turn, lambda: [call()])}
