"""TensorFlow's form of a network, as tf.function, to be timed in a worker.

TensorFlow gets the best conditions: pictures are float32 in [0, 1], channels last, cut into batches before; Adam is the
one kernel that does it. No kernel of fastcnn runs in its process.

For bfloat16 it does what Keras does by the policy mixed_bfloat16: all values and the weights in use are rounded, and
variables, the statistics of a batch normalization and logits are float32.
"""

from __future__ import annotations

from functools import partial
from itertools import cycle
from typing import Any

import numpy as np
import tensorflow as tf

from fastcnn.arrays import Array
from fastcnn.bench.harness.timing import rival
from fastcnn.bench.harness.worker import Entry
from fastcnn.bench.rivals.channels_last import pictures, to_ours, to_theirs
from fastcnn.bench.rivals.operations import Applying, Operation, operations, trained_names
from fastcnn.network.sequential import Sequential

NONE = ((0, 0), (0, 0))
BETAS, EPS = (0.9, 0.999), 1e-8


def version() -> str:
    return str(tf.__version__)


class Model(Applying):
    """Each method gives the value after an operation; `values` are the variables, `dtype` that of values between."""

    RIVAL = "TensorFlow"

    def __init__(self, network: Sequential, bfloat16: bool) -> None:
        self.dtype = tf.bfloat16 if bfloat16 else tf.float32
        self.operations = operations(network.layers)
        arrays = to_theirs(self.operations, network.state_arrays())
        self.names = trained_names(self.operations, arrays)
        self.values = {name: tf.Variable(value, trainable=name in self.names) for name, value in arrays.items()}
        self.trained = [self.values[name] for name in self.names]

    def __call__(self, x: Any, training: bool = False) -> Any:
        return tf.cast(self.run(self.operations, tf.cast(x, self.dtype), training), tf.float32)

    def _in_use(self, operation: Operation, each: str) -> Any:
        """A weight or bias of an operation. A cast to the same dtype does nothing."""
        return tf.cast(self.values[f"{operation['name']}.{each}"], self.dtype)

    def conv2d(self, operation: Operation, x: Any, training: bool) -> Any:
        if operation["groups"] != 1:
            raise self.unknown(operation, "groups")
        if training and operation["dilation"] != (1, 1):
            raise self.unknown(operation, "dilation and gradients")
        weight, padding = self._in_use(operation, "weight"), operation["padding"]
        border: Any = "VALID" if padding == NONE else [[0, 0], *map(list, padding), [0, 0]]
        x = tf.nn.conv2d(x, weight, operation["stride"], border, dilations=operation["dilation"])
        return tf.nn.bias_add(x, self._in_use(operation, "bias")) if operation["bias"] else x

    def batchnorm2d(self, operation: Operation, x: Any, training: bool) -> Any:
        weight, bias, mean, variance = (
            self.values[f"{operation['name']}.{each}"] for each in ("weight", "bias", "running_mean", "running_var")
        )
        x, batch_mean, batch_variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=weight, offset=bias, mean=mean, variance=variance, epsilon=operation["eps"],
            is_training=training,
        )  # fmt: skip
        if training:
            for running, found in ((mean, batch_mean), (variance, batch_variance)):
                running.assign_add(operation["momentum"] * (found - running))
        return x

    def affine(self, operation: Operation, x: Any, _: bool) -> Any:
        weight, bias = (self._in_use(operation, each) for each in ("weight", "bias"))
        return tf.nn.bias_add(tf.matmul(x, weight), bias)

    def maxpool2d(self, operation: Operation, x: Any, _: bool) -> Any:
        if operation["padding"] != NONE:
            x = tf.pad(x, [[0, 0], *operation["padding"], [0, 0]], constant_values=-np.inf)
        return tf.nn.max_pool2d(x, operation["kernel_size"], operation["stride"], "VALID")

    def relu(self, _: Operation, x: Any, __: bool) -> Any:
        return tf.nn.relu(x)

    def leakyrelu(self, operation: Operation, x: Any, _: bool) -> Any:
        return tf.nn.leaky_relu(x, operation["negative_slope"])

    def silu(self, _: Operation, x: Any, __: bool) -> Any:
        return tf.nn.silu(x)

    def globalavgpool(self, _: Operation, x: Any, __: bool) -> Any:
        return tf.reduce_mean(x, [1, 2])

    def flatten(self, _: Operation, x: Any, __: bool) -> Any:
        return tf.reshape(x, [x.shape[0], -1])

    def dropout(self, operation: Operation, x: Any, training: bool) -> Any:
        return tf.nn.dropout(x, operation["rate"]) if training and operation["rate"] else x

    def normalize(self, operation: Operation, x: Any, _: bool) -> Any:
        mean, inverse = np.array(operation["mean"], np.float32), 1 / np.array(operation["scale"], np.float32)
        return (x - tf.cast(mean, x.dtype)) * tf.cast(inverse, x.dtype)

    def joined(self, parts: list[Any]) -> Any:
        return tf.concat(parts, -1)


def _use_threads(threads: int) -> None:
    """Before TensorFlow computes anything: afterwards it has its threads."""
    if tf.config.threading.get_intra_op_parallelism_threads() != threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)


def _name(bfloat16: bool) -> str:
    return "mixed_bfloat16" if bfloat16 else "tf.function"


def training(
    *, network: Sequential, images: Array, labels: Array, batch: int, lr: float, threads: int, compiled: bool,
    bfloat16: bool = False,
) -> dict[str, Entry]:  # fmt: skip
    """Training steps through all pictures; the answer is loss and gradients. It is compiled always."""
    _use_threads(threads)
    model = Model(network, bfloat16)
    moments = [[tf.Variable(tf.zeros_like(value)) for value in model.trained] for _ in BETAS]
    powers = [tf.Variable(beta) for beta in BETAS]

    def gradients(x: Any, t: Any) -> Any:
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(t, model(x, training=True))
            loss = tf.reduce_mean(losses)
        return loss, tape.gradient(loss, model.trained)

    @partial(tf.function, autograph=False)
    def step(x: Any, t: Any) -> Any:
        loss, found = gradients(x, t)
        for value, first, second, gradient in zip(model.trained, *moments, found, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=value.handle, m=first.handle, v=second.handle, beta1_power=powers[0], beta2_power=powers[1], lr=lr,
                beta1=BETAS[0], beta2=BETAS[1], epsilon=EPS, grad=gradient,
            )  # fmt: skip
        for power, beta in zip(powers, BETAS, strict=True):
            power.assign(power * beta)
        return loss

    laid = pictures(images)
    starts = range(0, len(images) - batch + 1, batch)
    batches = [(tf.constant(laid[s : s + batch]), tf.constant(labels[s : s + batch])) for s in starts]
    following = cycle(batches)

    def answer() -> list[Array]:
        loss, found = tf.function(gradients, autograph=False)(*batches[0])
        named = {name: each.numpy() for name, each in zip(model.names, found, strict=True)}
        ours = to_ours(model.operations, named)
        return [loss.numpy(), *ours.values()]

    turn = rival("", lambda: step(*next(following)).numpy(), threads, lambda n: None).turn
    return {_name(bfloat16): Entry(turn, answer)}


def inference(
    *, network: Sequential, images: Array, threads: int, compiled: bool, bfloat16: bool = False
) -> dict[str, Entry]:
    """Logits of a batch."""
    _use_threads(threads)
    x = tf.constant(pictures(images))
    model = tf.function(Model(network, bfloat16), autograph=False)

    def call() -> Array:
        logits: Array = model(x).numpy()
        return logits

    return {_name(bfloat16): Entry(rival("", call, threads, lambda n: None).turn, lambda: [call()])}
