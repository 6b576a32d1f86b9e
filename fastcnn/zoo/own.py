"""Networks for data of the user's own: any shape of pictures, any classes, and how they are trained.

The first layer brings the pictures to mean 0 and scale 1 by the numbers of the training part. So they are kept in the
network's file, with the names of the classes, and `predict` prepares a picture as the training did.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_flag, check_path
from fastcnn.errors import UsageError
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import is_array, kind_of, shown
from fastcnn.network.sequential import Sequential
from fastcnn.network.structure import RESIZE
from fastcnn.training.augment import Augmentation
from fastcnn.zoo.networks import BUILDERS
from fastcnn.zoo.recipes import Recipe

DEFAULT_NETWORK = "default"
MAX_DESCRIPTION_BYTES = 1 << 20
DIGITS = 6  # of a mean and a scale that are kept: a 250th of a grey level
SMALL_SET, SMALL_BATCH, BATCH = 2_000, 32, 100  # of fewer pictures smaller batches, so that there are enough steps
EPOCHS, STEPS = (12, 60), 1_500  # as many epochs as give so many steps, within limits


def mean_and_scale(images: Array) -> tuple[list[float], list[float]]:
    """The mean and the standard deviation of each channel, of pictures (N, C, H, W) uint8 taken as 0 to 1."""
    if not is_array(images) or images.dtype != np.uint8 or images.ndim != 4 or images.size == 0:
        raise TypeError(f"images must be an array (N, C, H, W) of uint8, not {shown(images)}")
    counts = np.zeros((images.shape[1], 256), np.int64)
    for image in images:
        for channel, plane in enumerate(image):
            counts[channel] += np.bincount(plane.reshape(-1), minlength=256)
    levels, total = np.arange(256) / 255, counts[0].sum()
    mean = counts @ levels / total
    scale = np.sqrt(np.maximum(counts @ levels**2 / total - mean**2, 0))
    scale[scale < 10.0**-DIGITS] = 1.0  # a channel of one grey level
    return [round(float(m), DIGITS) for m in mean], [round(float(s), DIGITS) for s in scale]


def network_for(
    images: Array,
    classes: Sequence[str],
    network: str | dict[str, Any] = DEFAULT_NETWORK,
    *,
    seed: int | None = None,
) -> Sequential:
    """A new network for such pictures and classes, which names both and prepares picture files by scaling them.

    Parameters
    ----------
    images : (N, C, H, W) uint8 to train on; their mean and scale become the first layer, a `layers.Normalize`
    classes : the classes' names
    network : a name in `zoo.networks.BUILDERS`; or a description, of which only `layers` is needed. A description is
        taken as it is: nothing is put before its layers
    seed : for the initial weights

    Raises
    ------
    TypeError, ValueError
        If the network does not fit the pictures or the classes.
    UsageError
        If there is no network of that name.
    """
    if not is_array(images) or images.dtype != np.uint8 or images.ndim != 4:
        raise TypeError(f"images must be an array (N, C, H, W) of uint8, not {kind_of(images)}")
    if isinstance(classes, str) or not isinstance(classes, Sequence) or not all(isinstance(c, str) for c in classes):
        raise TypeError(f"classes must be a list of names, not {shown(classes)}")
    shape = [int(size) for size in images.shape[1:]]
    if isinstance(network, dict):
        description = {"name": "own", "input_shape": shape, "dtype": "float32", **network}
        if list(description["input_shape"]) != shape:
            raise ValueError(f"network takes pictures of {description['input_shape']}, not of {shape}")
    elif isinstance(network, str):
        _check_known(network)
        description = BUILDERS[network](seed=0, input_shape=shape, classes=len(classes)).describe()
        mean, scale = mean_and_scale(images)
        description["layers"].insert(0, {"type": "Normalize", "mean": mean, "scale": scale})
    else:
        raise TypeError(f"network must be a name or a description, not {shown(network)}")
    description["preparation"] = RESIZE
    made = Sequential.from_description({**description, "classes": None}, seed=seed)
    if made.output_shape != (len(classes),):
        raise ValueError(f"network has {made.output_shape[0]} outputs, but there are {len(classes)} classes")
    made.classes = tuple(classes)
    return made


def find_network(word: str) -> str | dict[str, Any]:
    """What `network_for` takes of a word: a name that is known, or the description in a .json file.

    Raises
    ------
    UsageError
        If there is no such network, or the file describes none.
    """
    if not isinstance(word, str):
        raise TypeError(f"word must be the name of a network or of a .json file, not {shown(word)}")
    if word.endswith(".json"):
        return read_description(word)
    _check_known(word)
    return word


def read_description(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The description of a network in a JSON file, as `Sequential.describe` gives it; only `layers` is needed.

    Raises
    ------
    UsageError
        If the file is no such description.
    """
    where = check_path("path", path)
    try:
        with where.open("rb") as file:
            description = json.loads(file.read(MAX_DESCRIPTION_BYTES))
    except OSError as error:
        raise UsageError(f"{where} cannot be read ({error.strerror}); give the description of a network") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{where} is no JSON; write json.dumps(network.describe()) to it") from None
    if not isinstance(description, dict) or not isinstance(description.get("layers"), list):
        raise UsageError(f"{where} describes no network; write json.dumps(network.describe()) to it")
    shape = description.get("input_shape", [1, 1, 1])
    if not (isinstance(shape, list) and len(shape) == 3 and all(type(size) is int and size > 0 for size in shape)):
        raise UsageError(f"{where} must have (C, H, W) as input_shape, not {shown(shape)}")
    return {**description, "name": description.get("name") or where.stem}


def _check_known(name: str) -> None:
    if name not in BUILDERS:
        raise UsageError(f"there is no network {name!r:.40}; choose {', '.join(BUILDERS)} or a .json file")


def own_recipe(count: int, *, augment: bool = False) -> Recipe:
    """How a network for `count` pictures of the user's is trained; with `augment` each is changed a little."""
    count, augment = integer("count", count, 1), check_flag("augment", augment)
    batch_size = SMALL_BATCH if count < SMALL_SET else BATCH
    least, most = EPOCHS
    return Recipe(
        epochs=min(most, max(least, -(-STEPS * batch_size // count))),
        batch_size=batch_size,
        lr=0.003,
        weight_decay=0.05,
        label_smoothing=0.03,
        ema_decay=0.999,
        augmentation=Augmentation(stroke=0.0) if augment else None,  # wider strokes are for what is written
        keep_last=True,
    )
