"""Every public entry point with one right call, for `test_wrong_types`."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import fastcnn
from fastcnn import Sequential, Trainer, kernels, layers, metrics, optim, threads
from fastcnn.data import load_data
from fastcnn.data.datasets import MNIST_FILES
from fastcnn.network import calibration, losses
from fastcnn.network.committee import Committee
from fastcnn.optim import optimizers, schedules
from fastcnn.recognition.picture_classifier import PictureClassifier
from fastcnn.recognition.recognizer import Recognizer
from fastcnn.training import augment as augmentation
from fastcnn.training import callbacks, epochs, finder
from fastcnn.zoo import families, networks, own
from tests.fastcnn.layers.cases import CASES

# What a parameter takes although it looks wrong.
NUMBERS = {"float16"}  # NumPy's numbers are numbers
LARGE = {*NUMBERS, "2**63"}
EITHER = {"True"}
ANY_ARRAY = {"with NaN", "one row less"}  # NaN goes through a kernel, and a batch may have any size
SEEDED = {"None"}
ROWS: dict[str, set[str]] = {"images": {"one row less"}}
NAN = {"images": {"with NaN"}}


@dataclass
class Entry:
    """One entry point: `call(**arguments)` is right, and `accepts` says which wrong-looking values are right too."""

    call: Callable[..., Any]
    arguments: dict[str, Any]
    accepts: dict[str, set[str]] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)  # what else an error may call the parameter
    state: Callable[[], list[Any]] = list  # arrays and numbers that a refused call must leave alone
    elsewhere: dict[str, set[str]] = field(default_factory=dict)  # values whose refusal other tests show


def f32(*shape: int) -> Any:
    return np.linspace(0, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)


def network() -> Sequential:
    return Sequential([layers.BatchNorm2d(), layers.Flatten(), layers.Affine(3)], input_shape=(1, 2, 2), seed=0)


IMAGES, LABELS = f32(12, 1, 2, 2), np.arange(12) % 3
X, WEIGHT, BIAS = f32(2, 4, 6, 7), f32(6, 2, 3, 2), f32(6)
SHAPE = (2, 4, 6, 7)


def kernel_entries() -> dict[str, Entry]:
    grad_out = f32(2, 6, 4, 6)
    pooled, argmax = f32(2, 4, 3, 3), np.zeros((2, 4, 3, 3), np.int64)
    geometry = {"stride": 1, "padding": 0, "dilation": 1}
    nan = {"with NaN"}
    kernel = ("x", "kernel_size", "weight", "grad_out", "cols", "bias")
    return {
        "im2col": Entry(
            kernels.im2col, {"x": X, "kernel_size": 2, **geometry}, {"x": ANY_ARRAY},
        ),
        "col2im": Entry(
            kernels.col2im, {"cols": f32(48, 24), "input_shape": SHAPE, "kernel_size": (3, 2), **geometry},
            {"cols": nan},
        ),
        "conv2d": Entry(
            kernels.conv2d, {"x": X, "weight": WEIGHT, "bias": BIAS, **geometry, "groups": 2},
            {"x": ANY_ARRAY, "weight": nan, "bias": {"None", *nan}}, {"weight": ("groups",)},
        ),
        "conv2d_grad_input": Entry(
            kernels.conv2d_grad_input,
            {"grad_out": grad_out, "weight": WEIGHT, "input_shape": SHAPE, **geometry, "groups": 2},
            {"grad_out": nan, "weight": nan}, {"weight": ("groups",)},
        ),
        "conv2d_grad_weight": Entry(
            kernels.conv2d_grad_weight,
            {"grad_out": grad_out, "x": X, "kernel_size": (3, 2), **geometry, "groups": 2},
            {"grad_out": nan, "x": nan}, {"x": kernel},
        ),
        "max_pool2d": Entry(
            kernels.max_pool2d,
            {"x": X, "kernel_size": 2, "stride": 2, "padding": 0, "dilation": 1, "ceil_mode": False},
            {"x": ANY_ARRAY, "stride": {"None"}, "ceil_mode": EITHER},
        ),
        "max_pool2d_grad": Entry(
            kernels.max_pool2d_grad, {"grad_out": pooled, "argmax": argmax, "input_shape": SHAPE}, {"grad_out": nan},
        ),
        "use": Entry(
            kernels.use, {"name": "reference", "winograd": "never"}, {"winograd": {"None"}},
            names={"name": ("backend",)},
        ),
    }  # fmt: skip


def _layers_of_options() -> dict[str, Entry]:
    """Each layer of the cases, with its options there: a new one needs no row."""
    entries = {}
    for layer in [made for made in (make() for make, _ in CASES.values()) if not made.inside]:
        given = {name: getattr(layer, name) for name in layer.OPTIONS}
        also = {option: LARGE | {"-1", "-0.5"} for option, value in given.items() if type(value) is float}
        entries[type(layer).__name__] = Entry(type(layer), given, also)
    return entries


def layer_entries() -> dict[str, Entry]:
    return _layers_of_options() | {
        "Conv2d": Entry(
            layers.Conv2d,
            {"out_channels": 2, "kernel_size": 3, "stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True},
            {"bias": EITHER},
        ),
        "MaxPool2d": Entry(
            layers.MaxPool2d,
            {"kernel_size": 2, "stride": 2, "padding": 0, "dilation": 1, "ceil_mode": False},
            {"stride": {"None"}, "ceil_mode": EITHER},
        ),
        "AvgPool2d": Entry(
            layers.AvgPool2d,
            {"kernel_size": 2, "stride": 2, "padding": 0, "ceil_mode": False, "count_include_pad": True, "dilation": 1},
            {"stride": {"None"}, "ceil_mode": EITHER, "count_include_pad": EITHER},
        ),
        "Affine": Entry(layers.Affine, {"out_features": 3}),
        "Dropout": Entry(layers.Dropout, {"rate": 0.5, "seed": 0}, {"rate": NUMBERS}),
        "Normalize": Entry(
            layers.Normalize, {"mean": [0.1, 0.2, 0.3], "scale": [0.5, 1.0, 2.0]},
            {"mean": {"list"}, "scale": {"list"}}, {"mean": ("scale",), "scale": ("mean",)},
        ),
        **{
            kind.__name__: Entry(kind, {"momentum": 0.1, "eps": 1e-5}, {"momentum": NUMBERS, "eps": LARGE})
            for kind in (layers.BatchNorm1d, layers.BatchNorm2d)
        },
        "register_layer": Entry(layers.register_layer, {"kind": layers.ReLU}),
        "layer_from_description": Entry(
            layers.layer_from_description, {"description": {"type": "ReLU"}}, names={"description": ("layer",)}
        ),
    }  # fmt: skip


def loss_entries() -> dict[str, Entry]:
    logits, labels = f32(4, 3), np.array([0, 1, 2, 0])
    return {
        "softmax": Entry(losses.softmax, {"logits": logits}, {"logits": {*ANY_ARRAY, "large array"}}),
        "softmax_cross_entropy": Entry(
            losses.softmax_cross_entropy, {"logits": logits, "labels": labels, "label_smoothing": 0.1},
            {"logits": {"with NaN"}, "label_smoothing": NUMBERS}, {"logits": ("labels",)},
        ),
        "sigmoid": Entry(losses.sigmoid, {"logits": logits}, {"logits": {*ANY_ARRAY, "large array"}}),
        "CrossEntropy": Entry(
            lambda **given: losses.CrossEntropy(**given).for_classes("abc"),
            {"label_smoothing": 0.1, "class_weight": [1.0, 2.0, 3.0]},
            {"label_smoothing": NUMBERS, "class_weight": {"None", "list", "ints", "float16 array", "dict"}},
        ),
        "Loss.value_and_gradient": Entry(
            losses.MeanSquaredError().value_and_gradient,
            {"outputs": logits, "targets": f32(4, 3), "sample_weight": f32(4)},
            {
                "outputs": {"with NaN"}, "targets": {"as int", "as float16"},
                "sample_weight": {"None", "as int", "as float16"},
            },
            {"outputs": ("labels", "logits"), "targets": ("labels",)},
        ),
        "BinaryCrossEntropy": Entry(
            losses.BinaryCrossEntropy().value_and_gradient, {"outputs": logits, "targets": f32(4, 3)},
            {"outputs": {"with NaN"}, "targets": {"as int", "as float16"}},
            {"outputs": ("labels", "logits"), "targets": ("labels",)},
        ),
    }  # fmt: skip


def optimizer_entries() -> dict[str, Entry]:
    entries = {}
    for kind in OPTIMIZERS:
        options = {name: getattr(kind(0.1), name) for name in ("lr", *kind.OPTIONS)}
        small = {"momentum", "alpha", "beta1", "beta2"}
        accepts = {name: NUMBERS if name in small else LARGE for name in options}
        entries[kind.__name__] = Entry(kind, options, accepts)
    of_network = network()
    average = optim.ExponentialMovingAverage(of_network, 0.9)
    average.update()
    for kind in OPTIMIZERS:
        entries |= _optimizer_methods(kind)
    return entries | {
        "clip_gradients": Entry(
            lambda gradients, max_norm: optim.clip_gradients(_own(gradients), max_norm),
            {"gradients": f32(8), "max_norm": 1.0},
            {"gradients": {*ANY_ARRAY, "empty", "NaN array"}, "max_norm": LARGE},
        ),
        "ExponentialMovingAverage": Entry(
            optim.ExponentialMovingAverage, {"network": of_network, "decay": 0.9}, {"decay": NUMBERS}
        ),
        "ExponentialMovingAverage.load_state_arrays": Entry(
            average.load_state_arrays, {"arrays": average.state_arrays()},
            names={"arrays": ("updates",)}, state=lambda: list(average.state_arrays().values()),
        ),
    }  # fmt: skip


def _own(array: Any) -> Any:
    """A copy, for what is changed in place."""
    return array.copy() if type(array) is np.ndarray and array.dtype.kind == "f" else array


def _optimizer_methods(kind: type[optim.Optimizer]) -> dict[str, Entry]:
    optimizer = kind(0.1)
    values = f32(8)
    optimizer.update(values, f32(8))

    def state() -> list[Any]:
        return [values, optimizer.lr, *optimizer.state_arrays().values()]

    def assign(lr: Any) -> None:
        optimizer.lr = lr

    def update(values: Any, gradients: Any) -> None:
        optimizer.update(values, gradients)

    def load(**arrays: Any) -> None:
        optimizer.load_state_arrays(arrays)

    name = kind.__name__
    arrays = optimizer.state_arrays()
    both = {"values": ("gradients", "optimizer"), "gradients": ("values",)}
    return {
        f"{name}.lr": Entry(assign, {"lr": 0.1}, {"lr": LARGE}, state=state),
        f"{name}.follow": Entry(optimizer.follow, {"lr": 0.1}, {"lr": LARGE}, state=state),
        f"{name}.update": Entry(
            update,
            {"values": values, "gradients": f32(8)},
            {"values": {"with NaN"}, "gradients": {"with NaN"}},
            both,
            state,
        ),
        f"{name}.load_state_arrays": Entry(
            optimizer.load_state_arrays, {"arrays": arrays}, names={"arrays": ("state", "steps")}, state=state
        ),
        f"{name}.load_state_arrays, each": Entry(
            load,
            arrays,
            {
                "steps": {"above all"},
                **dict.fromkeys(kind.STATE[:1], {"empty", "one row less"} if len(arrays) == 2 else set()),
            },
            {"means": ("mean_squares",)},
            state,
        ),
    }


OPTIMIZERS = tuple(optimizers.KINDS.values())


def schedule_entries() -> dict[str, Entry]:
    constant = schedules.Constant(0.1)
    return {
        "Constant": Entry(schedules.Constant, {"lr": 0.1, "warmup_steps": 2}, {"lr": LARGE}),
        "Step": Entry(
            schedules.Step, {"lr": 0.1, "every": 2, "factor": 0.5, "warmup_steps": 2},
            {"lr": LARGE, "factor": NUMBERS},
        ),
        "Cosine": Entry(
            schedules.Cosine, {"lr": 0.9, "total_steps": 9, "final_lr": 0.0, "warmup_steps": 2},
            {"lr": LARGE, "final_lr": NUMBERS}, {"lr": ("final_lr",)},
        ),
        "OneCycle": Entry(
            schedules.OneCycle,
            {"lr": 0.1, "total_steps": 9, "initial_division": 25.0, "final_division": 1e4, "warmup_steps": 2},
            {"lr": LARGE, "initial_division": {"2**63"}, "final_division": {"2**63"}, "warmup_steps": {"None"}},
        ),
        "Constant.__call__": Entry(constant, {"step": 3}),
        "from_description": Entry(
            schedules.from_description, {"description": constant.describe()}, names={"description": ("schedule",)}
        ),
    }  # fmt: skip


def network_entries() -> dict[str, Entry]:
    one = network()

    def state() -> list[Any]:
        return [one.values, one.buffers, one.views, one.name]

    def assign_views(views: Any) -> None:
        one.views = views

    def assign_precision(precision: Any) -> None:
        one.precision = precision

    def planned(call: Callable[..., Any]) -> Callable[..., None]:
        def checked(**given: Any) -> None:
            try:
                call(**given)
            except ValueError as error:
                if "has no plan" not in str(error):  # as the reference backend says
                    raise

        return checked

    arrays = one.state_arrays()

    def flat(name: str) -> Entry:
        right = getattr(one, name).copy()
        also = {name: {"as float16", "as int", "with NaN"}}
        return Entry(lambda **given: setattr(network(), name, given[name]), {name: right}, also, state=state)

    batch = {"images": IMAGES, "labels": LABELS, "label_smoothing": 0.0, "step": 0}
    with_loss = {"images": IMAGES, "labels": f32(12, 3), "loss": losses.MeanSquaredError(), "sample_weight": f32(12)}
    options = {
        "input_shape": (1, 2, 2),
        "seed": 0,
        "dtype": "float32",
        "name": "x",
        "views": 1,
        "classes": ["a", "b", "c"],
        "preparation": "resize",
        "precision": "float32",
    }
    make = {"layers": [layers.Flatten(), layers.Affine(3)], **options}
    sized, taken = {"seed": 0, "input_shape": (1, 9, 9), "classes": 3}, {"seed": SEEDED, "input_shape": {"list"}}
    pictures, description = np.zeros((2, 1, 9, 9), np.uint8), Path("description.json")
    description.write_text(json.dumps(one.describe()))
    return {
        "Sequential": Entry(
            lambda **given: Sequential(**{**given, "layers": _new(given["layers"])}), make,
            {
                "input_shape": {"list"}, "seed": SEEDED, "name": {"text", "numpy text"}, "classes": {"None"},
                "preparation": {"None"},
            },
            {"layers": ("layer",)},
        ),
        "Sequential.forward": Entry(one.forward, {"images": IMAGES, "layout": "NCHW"}, ROWS, elsewhere=NAN),
        "Sequential.predict_proba": Entry(
            one.predict_proba, {"images": IMAGES, "layout": "NCHW"}, ROWS, elsewhere=NAN
        ),
        "Sequential.predict": Entry(one.predict, {"images": IMAGES}, ROWS, elsewhere=NAN),
        "Sequential.prepare": Entry(one.prepare, {"count": 2}),
        "Sequential.trace": Entry(one.trace, {"images": IMAGES, "layout": "NCHW"}, ROWS, elsewhere=NAN),
        "Sequential.evaluate": Entry(
            one.evaluate, {"images": IMAGES, "labels": LABELS}, {"labels": {"as text"}}, {"images": ("labels",)},
            elsewhere=NAN,
        ),
        "Sequential.profile": Entry(
            one.profile, {"images": IMAGES, "seconds": 1e-6}, {**ROWS, "seconds": NUMBERS},
            state=state, elsewhere={**NAN, "seconds": {"2**63"}},  # right, and it would take its time
        ),
        "Sequential.pictures": Entry(one.pictures, {"images": IMAGES, "layout": "NCHW"}, {"images": ANY_ARRAY}),
        "Sequential.check_images": Entry(one.check_images, {"images": IMAGES}, {"images": ANY_ARRAY}),
        "Sequential.loss_and_gradients": Entry(
            one.loss_and_gradients, batch, {"label_smoothing": NUMBERS}, {"images": ("labels",)}, state, NAN,
        ),
        "Sequential.loss_and_gradients, of numbers": Entry(
            one.loss_and_gradients, with_loss,
            {"labels": {"as int", "as float16"}, "sample_weight": {"None", "as int", "as float16"}},
            {"images": ("labels",), "loss": ("labels",)}, state, NAN,
        ),
        "Sequential.load_state_arrays": Entry(
            one.load_state_arrays, {"arrays": one.state_arrays()}, state=state
        ),
        "Sequential.load_state_arrays, each": Entry(
            lambda weight, bias: one.load_state_arrays({**arrays, "2.weight": weight, "2.bias": bias}),
            {"weight": arrays["2.weight"], "bias": arrays["2.bias"]}, state=state,
        ),
        "Sequential.update_by": Entry(one.update_by, {"optimizer": optim.SGD(0.1)}, state=state),
        "Sequential.clip_gradients": Entry(one.clip_gradients, {"max_norm": 1.0}, {"max_norm": LARGE}, state=state),
        "Sequential.from_description": Entry(
            Sequential.from_description, {"description": one.describe(), "seed": 0}, {"seed": SEEDED}
        ),
        "Sequential.save": Entry(one.save, {"path": Path("network.safetensors")}, {"path": {"text", "numpy text"}}),
        "Sequential.plan": Entry(planned(one.plan), {"batch_size": 10}),
        "Sequential.training_parts": Entry(
            planned(one.training_parts), {"images": IMAGES, "labels": LABELS}, {}, {"images": ("labels",)}, state, NAN
        ),
        "Sequential.classes": Entry(
            lambda classes: setattr(one, "classes", classes), {"classes": ["a", "b", "c"]}, {"classes": {"None"}},
            state=state,
        ),
        "Sequential.values": flat("values"),
        "Sequential.gradients": flat("gradients"),
        "Sequential.buffers": flat("buffers"),
        "Sequential.views": Entry(assign_views, {"views": 5}, state=state),
        "Sequential.precision": Entry(assign_precision, {"precision": "float32"}, state=state),
        "paper_network": Entry(networks.paper_network, sized, taken, {"classes": ("out_features",)}),
        "deep_network": Entry(
            networks.deep_network, sized | {"dropout": 0.1}, taken | {"dropout": NUMBERS},
            {"classes": ("out_features",), "dropout": ("rate",)},
        ),
        "residual_network": Entry(networks.residual_network, sized, taken, {"classes": ("out_features",)}),
        "mean_and_scale": Entry(own.mean_and_scale, {"images": pictures}, ROWS),
        "network_for": Entry(
            own.network_for, {"images": pictures, "classes": ["a", "b"], "network": "paper", "seed": 0},
            {"seed": SEEDED, **ROWS}, {"network": ("description",)},
        ),
        "read_description": Entry(
            own.read_description, {"path": description}, names={"path": ("cannot be read", "text is no JSON")}
        ),
        "find_network": Entry(own.find_network, {"word": "paper"}, names={"word": ("there is no network",)}),
        "own_recipe": Entry(own.own_recipe, {"count": 5, "augment": True}, {"augment": EITHER}),
        "resnet": Entry(
            families.resnet, {"depth": 8, "width": 2, "input_shape": (1, 5, 4), "classes": 3, "seed": 0},
            {"input_shape": {"list"}, "seed": SEEDED},
        ),
        "vgg": Entry(
            families.vgg, {"widths": [2, "pool", 3], "input_shape": (1, 5, 4), "classes": 3, "seed": 0},
            {"widths": {"list"}, "input_shape": {"list"}, "seed": SEEDED},
        ),
        "refusal_network": Entry(networks.refusal_network, {"seed": 0}, {"seed": SEEDED}),
        "Committee": Entry(
            Committee, {"members": [network(), network()], "name": "x"}, {"name": {"text", "numpy text"}}
        ),
        "Committee.forward": Entry(Committee([one, one]).forward, {"images": IMAGES}, ROWS, elsewhere=NAN),
        "Committee.predict_proba": Entry(
            Committee([one, one]).predict_proba, {"images": IMAGES}, ROWS, elsewhere=NAN
        ),
        "Committee.prepare": Entry(Committee([one, one]).prepare, {"count": 2}),
        "Committee.predict": Entry(Committee([one, one]).predict, {"images": IMAGES}, ROWS, elsewhere=NAN),
        "Committee.evaluate": Entry(
            Committee([one, one]).evaluate, {"images": IMAGES, "labels": LABELS}, {"labels": {"as text"}},
            {"images": ("labels",)}, elsewhere=NAN,
        ),
        "Committee.check_images": Entry(Committee([one, one]).check_images, {"images": IMAGES}, {"images": ANY_ARRAY}),
        "Committee.save": Entry(
            Committee([one, one]).save, {"path": Path("committee.safetensors")}, {"path": {"text", "numpy text"}}
        ),
    }  # fmt: skip


def resizing() -> Sequential:
    return Sequential([layers.Flatten(), layers.Affine(2)], input_shape=(1, 4, 4), seed=0, preparation="resize")


def _new(given: Any) -> Any:
    """New layers in place of the right ones, as a layer belongs to one network."""
    right = isinstance(given, list) and isinstance(given[0], layers.Flatten)
    return [layers.Flatten(), layers.Affine(3)] if right else given


def trainer_entries() -> dict[str, Entry]:
    trainer = Trainer(network(), optim.Adam(0.1), ema_decay=0.5)
    trainer.step(IMAGES, LABELS)
    parts = {
        "network": network(), "optimizer": optim.Adam(0.1), "loss": None, "label_smoothing": 0.1, "clip_norm": 1.0,
        "ema_decay": 0.9, "augmentation": augmentation.Augmentation(), "communicator": None,
        "precision": "float32",
    }  # fmt: skip
    fit = {
        "images": IMAGES, "labels": LABELS, "epochs": 1, "batch_size": 5, "schedule": schedules.Constant(0.1),
        "validation": 2, "class_weight": [1.0, 2.0, 3.0], "sample_weight": f32(12), "layout": "NCHW",
        "seed": 0, "callbacks": [], "on_step": None, "patience": 2, "keep_last": False,
        "checkpoint": None, "resume": None, "progress": False, "threads": 1,
    }  # fmt: skip

    def state() -> list[Any]:
        return [
            trainer.network.values, trainer.network.buffers, trainer.optimizer.lr, trainer.held_out,
            *trainer.optimizer.state_arrays().values(),
        ]  # fmt: skip

    return {
        "Trainer": Entry(
            Trainer, parts,
            {
                "loss": {"None"}, "label_smoothing": NUMBERS, "clip_norm": {"None", *LARGE},
                "ema_decay": {"None", *NUMBERS}, "augmentation": {"None"}, "communicator": {"None"},
                "precision": {"None"},
            },
            {"ema_decay": ("decay",)},
        ),
        "Trainer.step": Entry(
            trainer.step, {"images": IMAGES, "labels": LABELS, "sample_weight": f32(12), "layout": "NCHW"},
            {"labels": {"as text"}, "sample_weight": {"None", "as int", "as float16"}}, {"images": ("labels",)}, state,
        ),
        "Trainer.fit": Entry(
            trainer.fit, fit,
            {
                "labels": {"as text"}, "class_weight": {"None", "list", "ints", "float16 array"},
                "sample_weight": {"None", "as int", "as float16"},
                "schedule": {"None"}, "validation": {"None", "float16"}, "on_step": {"None"}, "patience": {"None"},
                "keep_last": set(),
                "checkpoint": {"None", "text", "numpy text"},
                "resume": {"None", "text", "numpy text"},  # the checkpoints that have just been made
                "progress": EITHER, "threads": {"None"},
            },
            {"images": ("labels",), "keep_last": ("patience",), "schedule": ("len()",)}, state,
            {"on_step": {"function"}},  # a right one; see test_on_step for what one raises
        ),
        "find_learning_rate": Entry(
            finder.find_learning_rate,
            {
                "trainer": trainer, "images": IMAGES, "labels": LABELS, "lowest": 1e-6, "highest": 1e-3, "steps": 10,
                "batch_size": 5, "seed": 0, "layout": "NCHW",
            },
            {"images": set(), "labels": {"as text"}, "highest": {"float16", "2**63"}},
            {"images": ("labels",), "lowest": ("highest",), "highest": ("lowest",)}, state, NAN,
        ),
        **callback_entries(),
    }  # fmt: skip


def callback_entries() -> dict[str, Entry]:
    text = {"text", "numpy text"}
    return {
        "ReduceLROnPlateau": Entry(
            callbacks.ReduceLROnPlateau,
            {"monitor": "loss", "factor": 0.5, "patience": 3, "threshold": 0.1, "cooldown": 2, "min_lr": 0.001},
            {"factor": NUMBERS, "threshold": NUMBERS, "min_lr": LARGE},
        ),
        "EarlyStopping": Entry(
            callbacks.EarlyStopping, {"monitor": "loss", "patience": 3, "min_delta": 0.1}, {"min_delta": LARGE}
        ),
        "BestWeights": Entry(
            callbacks.BestWeights, {"path": Path("best.safetensors"), "monitor": "loss"}, {"path": text}
        ),
        "CSVLog": Entry(callbacks.CSVLog, {"path": Path("log.csv")}, {"path": text}),
        "KeepEpochs": Entry(epochs.KeepEpochs, {"path": Path("x.epochs"), "max_bytes": 10}, {"path": text}),
    }  # fmt: skip


def reading_entries() -> dict[str, Entry]:
    """Files, data and recognition."""
    picture = np.zeros((28, 28), np.uint8)
    picture[6:22, 13:16] = 255
    recognizer = Recognizer("paper")
    image = {"image": {"one row less"}}
    network().save("network.safetensors")
    one_picture = struct.pack(">IIII", 0x803, 1, 28, 28) + picture.tobytes()
    for file in MNIST_FILES:
        content = one_picture if "images" in file else struct.pack(">II", 0x801, 1) + b"\1"
        Path(file.removesuffix(".gz")).write_bytes(content)
    return {
        "load_network": Entry(
            fastcnn.load_network, {"path": Path("network.safetensors")}, names={"path": ("cannot read text",)}
        ),
        "Recognizer": Entry(Recognizer, {"model": "paper", "refuse": True}, {"refuse": EITHER}),
        "PictureClassifier": Entry(PictureClassifier, {"model": resizing()}),
        "PictureClassifier.classify": Entry(PictureClassifier(resizing()).classify, {"image": picture}, image),
        "PictureClassifier.classify_many": Entry(
            PictureClassifier(resizing()).classify_many, {"images": [picture]}, {"images": {"empty", "empty int"}},
            {"images": ("image",)},
        ),
        "load_data": Entry(
            load_data,
            {"path": Path(), "classes": ["0", "1"], "skip_broken": False, "shape": (1, 28, 28)},
            {"skip_broken": EITHER, "shape": {"None"}}, {"path": ("there is no", "no folders")},
        ),
        "Recognizer.recognize": Entry(recognizer.recognize, {"image": picture}, image),
        "Recognizer.recognize_many": Entry(
            recognizer.recognize_many, {"images": [picture]}, {"images": {"empty", "empty int"}}, {"images": ("image",)}
        ),
        "Recognizer.recognize_string": Entry(recognizer.recognize_string, {"image": picture}, image),
        "Recognizer.read": Entry(recognizer.read, {"image": picture}, image),
        "load_mnist": Entry(
            fastcnn.load_mnist, {"normalize": False, "flatten": False, "one_hot": False, "data_dir": Path()},
            {"normalize": EITHER, "flatten": EITHER, "one_hot": EITHER, "data_dir": {"None"}},
            {"data_dir": ("not a folder",)},
        ),
    }  # fmt: skip


def measuring_entries() -> dict[str, Entry]:
    one = network()
    probabilities, labels = losses.softmax(f32(12, 3)), LABELS
    logits = f32(1, 12, 3)
    plain = augmentation.Augmentation()
    pictures, out = np.zeros((2, 1, 8, 8), np.uint8), np.ones((2, 1, 8, 8), np.uint8)
    settings = {name: value for name, value in plain.describe().items()}
    return {
        "calibrated": Entry(calibration.calibrated, {"network": one, "images": IMAGES}, ROWS, elsewhere=NAN),
        "calibrated_slowly": Entry(
            calibration.calibrated_slowly, {"network": one, "images": IMAGES}, ROWS, elsewhere=NAN
        ),
        "logits_of_views": Entry(
            calibration.logits_of_views, {"network": one, "images": IMAGES}, ROWS, elsewhere=NAN
        ),
        "five_views": Entry(calibration.five_views, {"images": IMAGES}, {"images": {*ANY_ARRAY, "as float16"}}),
        "fit_temperature": Entry(
            calibration.fit_temperature, {"logits": logits, "labels": labels}, {"logits": {"as float16"}}
        ),
        "calibrate": Entry(
            calibration.calibrate, {"network": one.copy(), "images": IMAGES, "labels": labels},
            elsewhere=NAN, names={"images": ("labels",)},
        ),
        "wilson_interval": Entry(
            metrics.wilson_interval, {"successes": 3, "trials": 9, "z": 1.96},
            {"z": LARGE}, {"successes": ("trials",), "trials": ("successes",)},
        ),
        "confusion_matrix": Entry(
            metrics.confusion_matrix, {"labels": labels, "answers": labels, "classes": 3},
            names={"labels": ("answers",)},
        ),
        "expected_calibration_error": Entry(
            metrics.expected_calibration_error, {"confidence": f32(12), "right": labels == 1, "bins": 15},
            {"confidence": {"as float16"}},
        ),
        "frequent_confusions": Entry(
            metrics.frequent_confusions, {"confusion": np.eye(3, dtype=int), "count": 5},
            {"confusion": {"below all", "above all"}},
        ),
        "evaluate": Entry(
            metrics.evaluate, {"probabilities": probabilities, "labels": labels, "classes": 3},
            {"probabilities": {"as float16"}}, {"labels": ("probabilities",), "classes": ("probabilities",)},
        ),
        "Augmentation": Entry(
            augmentation.Augmentation, settings, dict.fromkeys(settings, LARGE) | {"scale": NUMBERS, "hole": NUMBERS}
        ),
        "Augmentation.apply": Entry(
            plain.apply, {"images": pictures, "numbers": np.arange(2), "seed": 0, "epoch": 0, "out": out},
            {"numbers": {"below all", "above all"}}, {"images": ("out",)},
        ),
        "set_threads": Entry(threads.set_threads, {"n": 1}, names={"n": ("threads",)}),
    }  # fmt: skip


_MAKERS: dict[str, Callable[[], dict[str, Entry]]] = {
    "kernels": kernel_entries,
    "layers": layer_entries,
    "losses": loss_entries,
    "optim": optimizer_entries,
    "schedules": schedule_entries,
    "networks": network_entries,
    "training": trainer_entries,
    "reading": reading_entries,
    "measuring": measuring_entries,
}
GROUPS = tuple(_MAKERS)


def entries(group: str, folder: Path) -> dict[str, Entry]:
    """The rows of a group. They and their calls write files by relative names: `folder` becomes the current folder."""
    os.chdir(folder)
    return _MAKERS[group]()
