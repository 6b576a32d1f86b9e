"""One number of an Affine: what speaks for it and what against it. The parts add up exactly to the score."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fastcnn.gui.logic.lesson.numbers import adding_up
from fastcnn.gui.logic.lesson.stages import Stage, Values
from fastcnn.layers import Affine

DECIMALS = 2
STRONGEST = 5


@dataclass(frozen=True)
class Evidence:
    """One input: its number, value and weight, and the product of both as it is shown."""

    index: int
    value: float
    weight: float
    product: float


@dataclass(frozen=True, eq=False)
class Score:
    """How one number of an Affine comes about.

    strong_for, strong_against : the strongest inputs, the strongest first
    others, bias : the products of all other inputs together, and the bias
    score : the sum of all these, exactly, each as it is shown
    output : the score after the ReLU, if there is one
    evidence : value times weight of all inputs: (C, H, W) after a Flatten, else (features,)
    """

    neuron: int
    strong_for: tuple[Evidence, ...]
    strong_against: tuple[Evidence, ...]
    others: float
    count_others: int
    bias: float
    score: float
    output: float
    evidence: Values


def score_of(stage: Stage, neuron: int, strongest: int = STRONGEST) -> Score:
    """The score of one output, in parts."""
    layer = stage.layer
    assert isinstance(layer, Affine)
    weights = layer.parameters["weight"].array[:, neuron].astype(np.float64)
    bias, score = float(layer.parameters["bias"].array[neuron]), float(stage.raw[neuron])
    products = stage.x * weights
    order = np.argsort(-products, kind="stable")
    above = [int(index) for index in order[:strongest] if products[index] > 0]
    below = [int(index) for index in order[::-1][:strongest] if products[index] < 0]
    rest = np.delete(products, above + below)
    parts = [*(float(products[index]) for index in above + below), bias, math.fsum(rest)]
    shown = adding_up(parts, score, DECIMALS)
    found = [
        Evidence(index, float(stage.x[index]), float(weights[index]), product)
        for index, product in zip(above + below, shown, strict=False)
    ]
    return Score(
        neuron,
        tuple(found[: len(above)]),
        tuple(found[len(above) :]),
        shown[-1],
        len(rest),
        shown[-2],
        round(score, DECIMALS),
        float(stage.out[neuron]),
        products if stage.image is None else products.reshape(stage.image),
    )


def place_name(stage: Stage, index: int) -> tuple[int, ...]:
    """Where an input comes from: (map, row, column) after a Flatten, else (its number,)."""
    if stage.image is None:
        return (index,)
    return tuple(int(each) for each in np.unravel_index(index, stage.image))
