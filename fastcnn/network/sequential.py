"""A network: layers in a row over flat arrays of values and gradients.

`Sequential` checks its inputs and outputs, lets only one run happen at a time, and calls a `plan` or its layers
(`layerwise`). The flat arrays are in `memory`, the contents of a file in `files`.
"""

import copy
import json
import os
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, SupportsFloat

import numpy as np
from numpy.typing import DTypeLike

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.checks import check_path
from fastcnn.kernels.precision import FLOAT32
from fastcnn.kernels.protocols import Call, Steps
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import shown
from fastcnn.layers.base import MAX_ACTIVATION, Layer, walk
from fastcnn.layers.kinds import check_registered
from fastcnn.layers.parameters import Parameter, copy_flat
from fastcnn.network import layerwise
from fastcnn.network.answers import check_answers, check_pictures
from fastcnn.network.display import page, representation
from fastcnn.network.evaluation import Scores, evaluated_labels, scores
from fastcnn.network.layouts import channels_first, check_kind, check_layout, pictures_shape, way_out
from fastcnn.network.losses import CrossEntropy, Loss, check_sample_weight, loss_or_cross_entropy, softmax
from fastcnn.network.memory import Memory
from fastcnn.network.parts import Part
from fastcnn.network.plan import Plan, serves
from fastcnn.network.precision import check_precision, steps_of
from fastcnn.network.profiling import Profile, profile
from fastcnn.network.ranges import look_once
from fastcnn.network.structure import (
    check_arrays,
    check_classes,
    check_dtype,
    check_layers,
    check_name,
    check_preparation,
    check_views,
    declare,
    default_classes,
    layers_from_description,
    temperature_entry,
)
from fastcnn.network.summary import summary_table, text_table
from fastcnn.network.tracing import Traced, traced
from fastcnn.optim.optimizers import check_optimizer
from fastcnn.storage import write_finite_arrays

if TYPE_CHECKING:
    from fastcnn.optim.optimizers import Optimizer

# Inference runs in chunks of at most this many pictures, so that 60,000 pictures need no more memory than one chunk.
# A chunk has fewer pictures if the output of a layer would otherwise have more than MAX_ACTIVATION values.
CHUNK = 256
FORMAT = "fastcnn network 1"


class Sequential:
    """Layers in a row.

    Parameters
    ----------
    layers : new layers, each for this network only
    input_shape : (C, H, W) of one picture
    seed : for the initial weights, an int from 0; None draws from the system's entropy
    dtype : float32 or float64
    name : a label, which is saved too
    views : how often `calibration` reads a picture: once, or 5 times, also moved by a pixel to each side; it is saved
        too, and nothing else here uses it
    preparation : how a picture file is prepared as an input: "resize" scales the whole picture to input_shape and
        changes nothing else; None says nothing (networks for digits). It is saved too
    classes : the names of the outputs, which are saved too; None for "0", "1" and so on: with ten outputs, the digits
    precision : "float32", or "bfloat16" to round what is multiplied (docs/bfloat16.md). Parameters stay float32, and so
        does what is saved: a file does not say in which precision a network was trained

    Raises
    ------
    TypeError, ValueError
        If an argument or the order of the layers is wrong, in one sentence that names the layer.
    FastcnnError
        If this machine has no such precision, or gains nothing by it.

    Runs of one network in several threads happen one after the other.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        input_shape: Sequence[int] = (1, 28, 28),
        seed: int | None = None,
        dtype: DTypeLike = np.float32,
        name: str = "",
        views: int = 1,
        classes: Sequence[str] | None = None,
        preparation: str | None = None,
        precision: str = FLOAT32,
    ) -> None:
        self.dtype = check_dtype(dtype)
        self.name = check_name(name)
        self.views = views
        self.preparation = check_preparation(preparation)
        self.temperature = 1.0  # `calibration` divides the logits by it; it is saved too, nothing else here uses it
        self.layers = check_layers(layers)
        self.input_shape, self.output_shape, self.declared = declare(self.layers, input_shape)
        self.classes = classes
        self.precision = precision
        self._lock = threading.RLock()
        self._memory = Memory(self.declared, self.dtype, seed, self._lock)
        for index, layer in enumerate(self.layers):
            layer.attach({d.name: self._memory.windows[f"{index}.{d.name}"] for d in layer.declarations})
        largest = max(prod(layer.out_shape) for layer in walk(self.layers))
        self._chunk = max(1, min(CHUNK, MAX_ACTIVATION // largest))
        self.range_seen = False  # whether the range of the pictures was checked, or needs no check
        self._plans: dict[bool, Plan] = {}
        self._serves = serves(self.layers)
        leaves = [layer for layer in walk(self.layers) if not layer.inside]
        self._neediest = max(leaves, key=lambda layer: layer.least_batch)
        # Layers before the first layer with parameters need no gradient.
        self._lowest = min((i for i, layer in enumerate(self.layers) if layer.parameters), default=len(self.layers))

    def __repr__(self) -> str:
        return representation(type(self).__name__, self.layers, self.input_shape)

    def _repr_html_(self) -> str:
        """For notebooks: a drawing, and the table of `summary`."""
        return page(self.name, self.input_shape, self.layers)

    @property
    def views(self) -> int:
        """How often `calibration` reads a picture; assigning raises TypeError or ValueError unless it is 1 or 5."""
        return self._views

    @views.setter
    def views(self, views: int) -> None:
        self._views = check_views(views)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the outputs; assigning raises TypeError or ValueError unless all names are different."""
        return self._classes

    @classes.setter
    def classes(self, classes: Sequence[str] | None) -> None:
        self._classes: tuple[str, ...] = check_classes(classes, self.output_shape[0])

    @property
    def precision(self) -> str:
        """In which numbers it multiplies. Assigning changes no parameter, and raises the errors of the argument."""
        return self._precision

    @precision.setter
    def precision(self, precision: str) -> None:
        self._precision = check_precision(precision, self.dtype, serves(self.layers))

    @property
    def values(self) -> Array:
        """All trained values, flat. Read this attribute again after each run: only then are a GPU's changes fetched.

        Assigning copies the new values into the array, so `network.values += change` works.
        """
        return self._memory.values

    @values.setter
    def values(self, array: Array) -> None:
        copy_flat("values", array, self.values)

    @property
    def gradients(self) -> Array:
        """The gradients of `values`, in the same order; read it again after each run."""
        return self._memory.gradients

    @gradients.setter
    def gradients(self, array: Array) -> None:
        copy_flat("gradients", array, self.gradients)

    @property
    def buffers(self) -> Array:
        """The buffers, which are not trained, flat; read it again after each run."""
        return self._memory.buffers

    @buffers.setter
    def buffers(self, array: Array) -> None:
        copy_flat("buffers", array, self.buffers)

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The trained windows by name, such as "0.weight", in the order of `values`; read it again after each run."""
        return {name: window for name, window in self._memory.windows.items() if window.grad_storage is not None}

    @property
    def statistics(self) -> dict[str, Parameter]:
        """The windows into `buffers` by name, such as "1.running_mean"; read it again after each run."""
        return {name: window for name, window in self._memory.windows.items() if window.grad_storage is None}

    @property
    def has_plan(self) -> bool:
        """Whether the backend in use runs the network with fused steps, not layer by layer."""
        return self._steps() is not None

    @property
    def least_batch(self) -> int:
        """The smallest batch for training: 2 if a batch normalisation has one value in a channel, else 1."""
        return self._neediest.least_batch

    @property
    def parameter_count(self) -> int:
        """The number of trained values."""
        return sum(parameter.size for parameter in self.parameters.values())

    def forward(self, images: Array, *, layout: str = "NCHW") -> Array:
        """Logits, in inference mode.

        Parameters
        ----------
        images : (N, C, H, W) uint8, which is divided by 255, or float32 or float64, which is not scaled; N may be 0
        layout : "NHWC" where images are (N, H, W, C)

        Returns
        -------
        (N, classes) in the network's dtype

        Raises
        ------
        TypeError, ValueError
            If images has another dtype or shape, or a picture is not finite.
        NotFiniteError
            If the weights make a logit that is not finite. It is a FastcnnError and a ValueError.
        """
        images = channels_first(images, layout)
        self.check_images(images)
        with self._lock:
            one = 0 < len(images) <= self._chunk
            # A copy: the next run may overwrite the plan's answers.
            out = self._run_layers(images).copy() if one else self._run_chunks(images)
        check_answers(out, images)
        return out

    def prepare(self, count: int) -> None:
        """Do now, in 0.2 s, what the 300th answer about so many pictures does, with their views: nobody waits then.

        Answers stay the same. TypeError or ValueError unless count is an integer from 1 on.
        """
        images = integer("count", count, 1) * self.views
        with self._lock:
            if images <= self._chunk and (plan := self._plan_for(images, training=False)) is not None:
                plan.join(images)

    def predict_proba(self, images: Array, *, layout: str = "NCHW") -> Array:
        """Probabilities (N, classes), the softmax of `forward`. Arguments and errors are those of `forward`.

        Temperature and views are not used: `calibration.calibrated` gives the numbers that a `Recognizer` shows.
        There is a UserWarning if the first pictures have another range, such as floats from 0 to 255.
        """
        logits = self.forward(images, layout=layout)
        look_once(self, images)
        return softmax(logits)

    def predict(self, images: Array, *, layout: str = "NCHW") -> Array:
        """The most likely class of each picture: (N,) int64, as labels. Arguments and errors: see `predict_proba`.

        `network.classes[number]` is the name of a class. ValueError for a network with one output: it is a number.
        """
        if len(self.classes) < 2:
            raise ValueError("predict gives classes, but the network has one output; forward gives its numbers")
        answers: Array = self.forward(images, layout=layout).argmax(axis=1)
        look_once(self, images)
        return answers

    def trace(self, images: Array, *, layout: str = "NCHW") -> list[Traced]:
        """Each layer with its input and output, in inference mode, computed layer by layer without fused steps.

        Arguments and errors are those of `forward`. The layers inside a `Residual` or `Concat` come before it, so the
        last record is always the last layer, and its `out` holds the logits.
        """
        images = channels_first(images, layout)
        self.check_images(images)
        with self._lock:
            records = list(traced(self.layers, layerwise.scaled(images, self.dtype)))
        check_answers(records[-1].out, images)
        return records

    def evaluate(self, images: Array, labels: Array | Sequence[str], *, layout: str = "NCHW") -> Scores:
        """Loss, accuracy, accuracy of each class and confusions, as a record that prints as a table.

        Parameters
        ----------
        images, layout : as for `predict_proba`, N at least 1
        labels : (N,) names from `classes`, or integers, or (N, classes) with one 1 a row, as for `Trainer.fit`

        Raises
        ------
        TypeError, ValueError
            If an argument has another dtype, shape or range, or a picture is not finite.
        """
        images = channels_first(images, layout)
        self.check_images(images)
        labels = evaluated_labels(labels, len(images), self.classes)
        logits = self.forward(images)
        look_once(self, images)
        return scores(softmax(logits), labels, self.classes)

    def loss_and_gradients(
        self, images: Array, labels: Array, *, label_smoothing: float = 0.0, step: int = 0, loss: Loss | None = None,
        sample_weight: Array | None = None,
    ) -> float:  # fmt: skip
        """Forward and backward of one batch in training mode.

        Parameters
        ----------
        images : as for `forward`, N at least 1
        labels : (N,) integers, 0 to classes - 1, or the targets that the loss takes
        label_smoothing : of the cross-entropy, where no loss is given
        step : counts the batches of a training; dropout's masks depend on it
        loss : one of `fastcnn.losses`; None for cross-entropy
        sample_weight : (N,) numbers, at least 0; None gives all pictures the same weight

        Returns
        -------
        The mean loss. `gradients` then holds its gradient; earlier contents are overwritten.

        Raises
        ------
        TypeError, ValueError
            If an argument has another dtype, shape or range, or a picture is not finite; nothing has changed then.
        """
        loss = loss_or_cross_entropy(loss, label_smoothing).for_classes(self.classes)
        step = self._check_training(images, labels, loss, step)
        weights = None if sample_weight is None else check_sample_weight(sample_weight, len(images))
        with self._lock:
            return float(self._train_layers(images, labels, weights, loss, step))

    def loss_and_gradients_of(self, batch: Any, *, label_smoothing: float, step: int) -> SupportsFloat:
        """The same for a batch on the GPU (`batches`), without checks. Reading the loss fetches it from the GPU."""
        self._check_batch(len(batch))
        with self._lock:
            plan = self._plan_for(len(batch), training=True)
            assert plan is not None  # else no batch would be on a GPU
            loss = plan.loss_and_gradients(batch, lambda end: end.loss(batch, label_smoothing), step)
            self._memory.changed()
            return loss

    def training_parts(self, images: Array, labels: Array) -> tuple[list[Part], AbstractContextManager[Any]]:
        """`loss_and_gradients` of one batch in parts, so that each part can be timed.

        Parameters
        ----------
        images, labels : as for `loss_and_gradients`

        Returns
        -------
        parts : in the order of running: the checks of the arguments, the pictures, each fused step forward, the loss,
            each step backward. They are for this batch and the present number of threads
        held : the context manager in which they must run

        Raises
        ------
        TypeError, ValueError
            As `loss_and_gradients`, and if the backend has no fused steps for this network.

        Use the network in one thread only while the parts run.
        """
        loss = CrossEntropy()
        self._check_training(images, labels, loss, 0)
        with self._lock:
            plan = self._plan_for(len(images), training=True)
        if plan is None:
            raise self._no_plan()
        parts, held = plan.parts(images, labels)
        checks: list[Call] = [
            (self._check_training, (images, labels, loss, 0)),
            (partial(self._plan_for, len(images), training=True), ()),
            (self._memory.changed, ()),
        ]
        return [Part("checks of the arguments", checks), *parts], held

    def profile(self, images: Array, *, seconds: float = 1.0) -> Profile:
        """The time of each part of a training step on this batch. The network itself does not change.

        Parameters
        ----------
        images : one batch, as for `loss_and_gradients`
        seconds : how long to measure; at least three steps are measured

        Returns
        -------
        A record whose `rows` are the steps of the plan, forward and backward, or the layers if the backend has no
        plans. Each row has a `name`, the median of its `seconds`, its `share` and `gflop_per_s`. It prints as a table.

        Raises
        ------
        TypeError, ValueError
            As `loss_and_gradients`, and if the backend computes on a GPU.
        """
        self.check_images(images)
        return profile(self.copy(), images, seconds)

    def state_arrays(self) -> dict[str, Array]:
        """Copies of all parameters and buffers by name, in the users' order."""
        with self._lock:
            return {name: window.array.copy() for name, window in self._memory.windows.items()}

    def load_state_arrays(self, arrays: dict[str, Array]) -> None:
        """Take the parameters and buffers that `state_arrays` returned.

        Raises
        ------
        ValueError
            Unless the names, shapes and dtypes are exactly this network's, all values finite and no variance negative;
            nothing has changed then.
        """
        check_arrays(arrays, self.declared, self.dtype)
        with self._lock:
            for name, window in self._memory.windows.items():
                window.assign(arrays[name])

    def update_by(self, optimizer: "Optimizer") -> None:
        """One step of an optimizer with `gradients`, on the device that has them: a GPU copies nothing to the host."""
        check_optimizer(optimizer)
        with self._lock:
            optimizer.update(*self._memory.to_update())

    def clip_gradients(self, max_norm: float) -> None:
        """Scale `gradients` on the device that has them, so that their Euclidean norm is at most max_norm."""
        with self._lock:
            self._memory.clip(max_norm)

    def average_in(self, source: "Sequential", decay: float) -> None:
        """values = decay * values + (1 - decay) * source.values, and the same for the buffers, on their device."""
        with self._lock, source._lock:
            self._memory.average_in(source._memory, decay)

    def copy(self) -> "Sequential":
        """A new network with copies of the layers, values and buffers."""
        twin = Sequential.__new__(type(self))
        twin.__setstate__(copy.deepcopy(self.__getstate__()))
        return twin

    def __copy__(self) -> "Sequential":
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> "Sequential":
        return self.copy()

    def __getstate__(self) -> dict[str, Any]:
        """The contents of a pickle or copy: arguments and arrays. Locks, plans and GPU memory are made again."""
        names = (
            "layers", "input_shape", "dtype", "name", "views", "classes", "preparation", "precision", "temperature",
        )  # fmt: skip
        with self._lock:
            arrays = self.values.copy(), self.buffers.copy()
        return {**{name: getattr(self, name) for name in names}, "arrays": arrays}

    def __setstate__(self, state: dict[str, Any]) -> None:
        values, buffers = state.pop("arrays")
        temperature = state.pop("temperature")
        Sequential.__init__(self, **state)
        self.temperature, self.values, self.buffers = temperature, values, buffers

    def describe(self) -> dict[str, Any]:
        """All but the values, as JSON can hold it; `from_description` reads it."""
        return {
            "name": self.name,
            "input_shape": list(self.input_shape),
            "dtype": self.dtype.name,
            "layers": [layer.describe() for layer in self.layers],
            **({"views": self.views} if self.views > 1 else {}),
            **({} if self.preparation is None else {"preparation": self.preparation}),
            **({} if self.classes == default_classes(len(self.classes)) else {"classes": list(self.classes)}),
        }

    @classmethod
    def from_description(cls, description: dict[str, Any], *, seed: int | None = None) -> "Sequential":
        """A new network from the result of `describe`; TypeError or ValueError if that is not a description."""
        layers = layers_from_description(description)
        options = {key: value for key, value in description.items() if key != "layers"}
        return cls(layers, seed=seed, **options)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to a safetensors file, completely or not at all; `load_network` reads it.

        Raises
        ------
        FastcnnError
            If it cannot be written or a value is not finite; an old file is not changed.
        TypeError, ValueError
            If your own layer could not be read again: its class is not registered, or JSON cannot hold its options.
        """
        check_path("path", path)
        self.check_readable()
        metadata = {"format": FORMAT, "description": json.dumps(self.describe()), **temperature_entry(self.temperature)}
        write_finite_arrays(path, self.state_arrays(), metadata)

    def check_readable(self) -> None:
        """TypeError or ValueError unless a file's description of the layers gives the same layers again."""
        check_registered(self.layers)
        description = json.loads(json.dumps(self.describe()))
        _, _, declared = declare(layers_from_description(description), description["input_shape"])
        if declared != self.declared:
            raise ValueError("a file would give layers with other parameters; see OPTIONS of your own layers")

    def summary(self) -> str:
        """A table: layers, output shapes, parameters, MFLOP of one picture's forward (two FLOP for a multiply-add)."""
        return summary_table(self.input_shape, self.layers)

    def plan(self, batch_size: int = 100, *, training: bool = True) -> str:
        """A table of the fused steps for a batch: their output shapes, memory, and MFLOP of one picture.

        Raises ValueError on a backend without fused steps, which runs the layers of `summary` one by one.
        """
        integer("batch_size", batch_size, 1)
        with self._lock:
            plan = self._plan_for(batch_size, training=training)
        if plan is None:
            raise self._no_plan()
        return text_table(plan.table(), texts=3)

    def check_images(self, images: Array) -> None:
        """TypeError or ValueError, in one sentence, unless the network can take these pictures."""
        check_kind(images, "images")
        if images.shape[1:] != self.input_shape:
            c, h, w = self.input_shape
            hint = way_out(images.shape, self.input_shape)
            raise ValueError(f"images must have the shape (N, {c}, {h}, {w}), not {images.shape}{hint}")

    def pictures(self, images: Array, layout: str = "NCHW", name: str = "images") -> Array:
        """The pictures of a training as (N, C, H, W), a view where possible.

        Parameters
        ----------
        images : (N, C, H, W), (N, C*H*W) or, for one channel, (N, H, W); uint8, float32 or float64, N at least 1
        layout : "NHWC" if images are (N, H, W, C)
        name : what errors call them

        Raises
        ------
        TypeError, ValueError
            If they are something else. Whether they are finite is left to `answers.check_pictures`.
        """
        shape = pictures_shape(self.input_shape, check_layout(layout))
        check_kind(images, name)
        given = images.shape
        is_flat = images.ndim == 2 and given[1] == prod(shape)
        is_plane = self.input_shape[0] == 1 and given[1:] == self.input_shape[1:]
        if is_flat or is_plane:
            images = images.reshape(-1, *shape)
        if images.shape[1:] != shape or len(images) == 0:
            hint = way_out(given, self.input_shape, layout) if given[:1] != (0,) else ""
            wanted = ", ".join(map(str, shape))
            raise ValueError(f"{name} must be of shape (N, {wanted}), N at least 1, not {shown(given)}{hint}")
        return channels_first(images, layout)

    def _no_plan(self) -> ValueError:
        return ValueError(f"backend {kernels.backend()!r} has no plan for this network: it runs the layers one by one")

    def _check_training(self, images: Array, labels: Array, loss: Loss, step: int) -> int:
        """The step's number as an int; TypeError or ValueError, in one sentence, if the batch cannot be used."""
        self.check_images(images)
        self._check_batch(len(images))
        check_pictures(images, self.dtype)
        loss.check_targets(labels, len(images), self.output_shape[0])
        return integer("step", step, 0)

    def _check_batch(self, count: int) -> None:
        """ValueError if there are too few pictures for training: on all backends, and before anything changes."""
        if count == 0:
            raise ValueError("images must hold at least one picture to train on")
        layer = self._neediest
        if count < layer.least_batch:
            raise ValueError(
                f"images must hold at least {layer.least_batch} pictures to train on: layer {layer.name} "
                f"({type(layer).__name__}) needs more than one value a channel"
            )

    def _steps(self) -> Steps | None:
        """The fused steps of the backend in use; None if it has none, or none for this network."""
        return steps_of(self._precision) if self._serves else None

    def _plan_for(self, images: int, *, training: bool) -> Plan | None:
        """The plan for the batch, made or enlarged when needed; None if the layers themselves must run."""
        steps = self._steps()
        self._memory.ready_for(steps)
        if steps is None:
            return None
        plan = self._plans.get(training)
        if plan is None or plan.capacity < images or not plan.made_of(steps):
            plan = Plan(
                self.layers, self.input_shape, self.dtype, steps, capacity=images, training=training,
                version=self._memory.version,
            )  # fmt: skip
            self._plans[training] = plan
        return plan

    def _run_chunks(self, images: Array) -> Array:
        """The logits of any number of pictures."""
        out = np.empty((len(images), *self.output_shape), self.dtype)
        plan = self._plan_for(self._chunk, training=False) if len(images) else None
        if plan is None or not plan.stream(images, out):
            for start in range(0, len(images), self._chunk):
                out[start : start + self._chunk] = self._run_layers(images[start : start + self._chunk])
        return out

    def _run_layers(self, images: Array) -> Array:
        plan = self._plan_for(len(images), training=False)
        if plan is not None:
            return plan.forward(images)
        return layerwise.logits_of(self.layers, layerwise.scaled(images, self.dtype))

    def _train_layers(
        self, images: Array, labels: Array, weights: Array | None, loss: Loss, step: int
    ) -> SupportsFloat:
        plan = self._plan_for(len(images), training=True)
        if plan is not None:
            mean = plan.loss_and_gradients(images, lambda end: loss.run(end, labels, weights), step)
            self._memory.changed()
            return mean
        x = layerwise.scaled(images, self.dtype)
        return layerwise.loss_and_gradients(
            self.layers, self._lowest, x, lambda out: loss.value_and_gradient(out, labels, weights), step
        )
