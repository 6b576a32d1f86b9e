"""Convert labels, which are names or numbers, to the numbers of a network's outputs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_labels, check_nonnegative
from fastcnn.kernels.values import is_array, shown, whole

WHOLE = re.compile(r"0|-?[1-9]\d{0,17}")


def class_numbers(labels: Array | Sequence[str], classes: Sequence[str], count: int, name: str = "labels") -> Array:
    """The numbers (count,) of the outputs that the labels name.

    Parameters
    ----------
    labels : (count,) names from `classes`, as an array or a list of strings; or integers; or (count, classes) with one
        1 in each row and else 0. Integers are the numbers of the outputs, from 0; but if all names in `classes` are
        integers, they are names
    name : the name of the argument, for errors

    Raises
    ------
    TypeError, ValueError
        If the labels are something else; the error contains the first name that is not in `classes`.
    """
    if _are_words(labels):
        words = np.asarray(labels).astype(str)
        return _looked_up(words, {each: number for number, each in enumerate(classes)}, classes, count, name)
    if is_array(labels) and labels.ndim == 2 and labels.dtype.kind in "fiub":
        return _from_rows(labels, len(classes), count, name)
    if is_array(labels) and labels.dtype.kind in "iu":
        numbers = _numbers(classes)
        if numbers is not None:
            return _looked_up(labels, numbers, classes, count, name)
        if labels.shape == (count,) and count and (labels.min() < 0 or labels.max() >= len(classes)):
            if len(classes) == 1:
                raise ValueError(
                    f"{name} are of several classes, but the network has one output; give it one a class, or the "
                    "trainer a loss of numbers: BinaryCrossEntropy or MeanSquaredError"
                )
            raise ValueError(
                f"{name} must lie in 0 to {len(classes) - 1}, but range from {labels.min()} to {labels.max()}; "
                "where they are names, set network.classes to all of them, as strings"
            )
    check_labels(labels, count, len(classes), name)  # type: ignore[arg-type]
    return labels  # type: ignore[return-value]


def class_weights(given: object, classes: Sequence[str]) -> Array:
    """The weights (classes,) float64 of the classes.

    Parameters
    ----------
    given : a number for each class, in order; or a dict from names or numbers of classes to weights; others have 1

    Raises
    ------
    TypeError, ValueError
        If given is something else, a weight is negative or not finite, or all weights are 0.
    """
    weights = np.ones(len(classes))
    if isinstance(given, Mapping):
        known = {each: number for number, each in enumerate(classes)}
        numbers = _numbers(classes) or {number: number for number in range(len(classes))}
        for key, weight in given.items():
            number = known.get(key) if isinstance(key, str) else numbers.get(whole(key))  # type: ignore[arg-type]
            if number is None:
                raise ValueError(
                    f"class_weight names {shown(key)}, which is no class; network.classes has {_some(classes)}"
                )
            weights[number] = check_nonnegative("class_weight", weight)
    elif (is_array(given) and given.ndim == 1) or isinstance(given, list | tuple):
        if len(given) != len(classes):
            raise ValueError(f"class_weight must have a number for each of {len(classes)} classes, not {len(given)}")
        weights[:] = [check_nonnegative("class_weight", weight) for weight in given]
    else:
        raise TypeError(f"class_weight must be a dict or a number for each class, not {shown(given)}")
    if not weights.any():
        raise ValueError("class_weight must be more than 0 for one class at least")
    return weights


def _are_words(labels: object) -> bool:
    """Whether the labels are strings, in an array or a list."""
    if is_array(labels):
        return labels.dtype.kind == "U" or (labels.dtype.kind == "O" and _are_words(labels.ravel().tolist()))
    return isinstance(labels, list | tuple) and len(labels) > 0 and all(isinstance(each, str) for each in labels)


def _numbers(classes: Sequence[str]) -> dict[int, int] | None:
    """A dict from each name, as an integer, to its output; None if a name is no integer or all are 0, 1, 2, ..."""
    if not all(map(WHOLE.fullmatch, classes)):
        return None
    numbers = {int(each): number for number, each in enumerate(classes)}
    return None if all(name == number for name, number in numbers.items()) else numbers


def _looked_up(labels: Array, known: Mapping[Any, int], classes: Sequence[str], count: int, name: str) -> Array:
    if labels.shape != (count,):
        raise ValueError(f"{name} must have the shape ({count},), one for each image, not {labels.shape}")
    names, places = np.unique(labels, return_inverse=True)
    numbers = np.array([known.get(each, -1) for each in names.tolist()], np.int64)[places.reshape(count)]
    if (numbers < 0).any():
        first = labels[int((numbers < 0).argmax())]
        raise ValueError(
            f"{name} hold {shown(first.item())}, which is no class; network.classes has {_some(classes)}: "
            "set it to all names, one an output"
        )
    return numbers


def _from_rows(labels: Array, classes: int, count: int, name: str) -> Array:
    if labels.shape != (count, classes):
        raise ValueError(f"{name} must have the shape ({count},) or ({count}, {classes}), not {labels.shape}")
    ones = labels == 1
    if not ((ones | (labels == 0)).all() and (ones.sum(axis=1) == 1).all()):
        raise ValueError(f"{name} given as rows must have one 1 in each row and else 0; give the classes' numbers")
    numbers: Array = ones.argmax(axis=1)
    return numbers


def _some(classes: Sequence[str]) -> str:
    """As many of the names as fit into a sentence."""
    return shown(", ".join(classes))
