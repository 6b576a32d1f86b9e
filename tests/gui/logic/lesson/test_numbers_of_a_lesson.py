"""The lesson's numbers: against hand's work, and against the network itself in float64 on the reference backend."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest

from fastcnn import load_mnist, paper_network
from fastcnn.gui.logic.lesson import affine, backward, colors, convolution, numbers, pooling, shares
from fastcnn.gui.logic.lesson.stages import Kind, look
from fastcnn.gui.logic.lesson.twin import twin
from fastcnn.layers import (
    Affine,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Concat,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool,
    MaxPool2d,
    ReLU,
    Residual,
)
from fastcnn.network.losses import softmax
from fastcnn.network.sequential import Sequential
from fastcnn.zoo.bundled import load_classifier
from tests.kernels.checks import running


def _worked():
    """Picture, convolution, ReLU, max-pool, affine with ReLU, affine: small enough to work out by hand."""
    network = Sequential(
        [Conv2d(1, 2), ReLU(), MaxPool2d(2), Flatten(), Affine(2), ReLU(), Affine(2)],
        input_shape=(1, 3, 3),
        seed=0,
        dtype=np.float64,
    )
    network.load_state_arrays(
        {
            "0.weight": np.array([[[[1.0, 0], [0, -1]]]]),
            "0.bias": np.array([0.5]),
            "4.weight": np.array([[2.0, -1]]),
            "4.bias": np.array([0.0, 1]),
            "6.weight": np.array([[0.25, -0.25], [1, 1]]),
            "6.bias": np.array([0.0, 0.25]),
        }
    )
    return network


def _set(network, weights):
    """The weights of a network that has one input; its biases are 0."""
    network.load_state_arrays({"1.weight": np.array([weights], float), "1.bias": np.zeros(len(weights))})


PICTURE = np.array([[0.0, 1, 2], [3, 4, 0], [1, 1, 1]])


def _branched():
    layers = [
        Conv2d(4, 3, stride=2, padding=1, bias=False),
        BatchNorm2d(),
        Residual(Conv2d(4, 3, padding=2, dilation=2, groups=2), ReLU(), shortcut=[Conv2d(4, 1)]),
        Concat([], [AvgPool2d(3, stride=1, padding=1)]),
        MaxPool2d(3, stride=2, padding=1),
        Concat([GlobalAvgPool()], [Flatten(), Affine(5), BatchNorm1d(), ReLU()]),
        Dropout(0.5),
        Affine(3),
    ]
    network = Sequential(layers, input_shape=(2, 11, 9), seed=4)
    rng = np.random.default_rng(1)
    network.buffers = (0.5 + rng.random(network.buffers.size)).astype(np.float32)
    network.values += (rng.standard_normal(network.values.size) / 10).astype(np.float32)
    return network


@pytest.fixture(autouse=True)
def on_the_reference():
    """Numbers of float64 without compiling its kernels, which are held to the reference elsewhere."""
    with running("reference"):
        yield


@pytest.fixture(scope="module")
def paper():
    return twin(load_classifier("bundled:paper"))


@pytest.fixture(scope="module")
def eight():
    (_, _), (images, _) = load_mnist(normalize=True)
    return images[582, 0]


def test_stations_of_the_papers_network(paper, eight):
    stages = look(paper, eight)
    assert [stage.kind for stage in stages] == [
        Kind.PICTURE, Kind.CONVOLUTION, Kind.RELU, Kind.MAX_POOL, Kind.AFFINE, Kind.AFFINE, Kind.SOFTMAX,
    ]  # fmt: skip
    assert [stage.out.shape for stage in stages] == [
        (1, 28, 28), (30, 24, 24), (30, 24, 24), (30, 12, 12), (100,), (10,), (10,),
    ]  # fmt: skip
    assert stages[4].has_relu and (stages[4].out == np.maximum(stages[4].raw, 0)).all()
    assert not stages[5].has_relu


def test_stations_of_a_small_network_have_the_numbers_worked_by_hand():
    stages = look(_worked(), PICTURE)
    assert [stage.out.tolist() for stage in stages[1:6]] == [
        [[[-3.5, 1.5], [2.5, 3.5]]], [[[0, 1.5], [2.5, 3.5]]], [[[3.5]]], [7, 0], [1.75, -1.5],
    ]  # fmt: skip
    assert stages[6].out[0] == pytest.approx(1 / (1 + math.exp(-3.25)))


def test_a_convolutions_number_in_parts_worked_by_hand():
    part = convolution.window_sum(look(_worked(), PICTURE)[1], 0, 1, 0)
    assert part.window.tolist() == [[3, 4], [1, 1]]
    assert part.products.tolist() == [[3, 0], [0, -1]]
    assert (part.total, part.bias, part.output, part.frame) == (2, 0.5, 2.5, (1, 0, 2, 2))


def test_a_convolutions_number_is_the_maps_to_the_last_shown_digit(paper, eight):
    """At each place of each fifth filter."""
    stage = look(paper, eight)[1]
    for filter_ in range(0, 30, 5):
        for row, column in np.ndindex(24, 24):
            part = convolution.window_sum(stage, filter_, row, column)
            assert part.output == stage.out[filter_, row, column]
            assert numbers.signed(part.total + part.bias, 6) == numbers.signed(part.output, 6)


@pytest.mark.parametrize("name", ["0", "2.0", "2.shortcut.0"])
def test_stride_padding_dilation_groups_and_branches(name):
    network = twin(_branched())
    picture = np.random.default_rng(2).random((2, 11, 9))
    stage = next(each for each in look(network, picture) if each.name == name)
    filters, height, width = stage.out.shape
    for filter_, row, column in np.ndindex(filters, height, width):
        parts = [
            convolution.window_sum(stage, filter_, row, column, each)
            for each in range(2 if name != "2.shortcut.0" else 4)
        ]
        for part in parts:
            assert part.total + part.bias == pytest.approx(stage.out[filter_, row, column], abs=1e-12)
        assert sum(part.channel_sum for part in parts) == pytest.approx(parts[0].total, abs=1e-12)


def test_a_pixel_finds_the_window_round_it(paper, eight):
    stage = look(paper, eight)[1]
    assert convolution.place_of(stage, 2, 2) == (0, 0)
    assert convolution.place_of(stage, 14.2, 9) == (12, 7)
    assert convolution.place_of(stage, -5, 99) == (0, 23)


def test_the_winner_of_a_max_pool_is_the_first_largest():
    network = Sequential([MaxPool2d(2), Flatten(), Affine(2)], input_shape=(1, 4, 4), seed=0, dtype=np.float64)
    stage = look(network, np.array([[1.0, 2, 5, 5], [3, 0, 5, 5], [0, 0, 0, 0], [0, 0, 0, 7]]))[1]
    part = pooling.pool_window(stage, 0, 0, 0)
    assert (part.window.tolist(), part.winner, part.output) == ([[1, 2], [3, 0]], (1, 0), 3)
    assert pooling.pool_window(stage, 0, 0, 1).winner == (0, 0)
    assert pooling.pool_window(stage, 0, 1, 1).winner == (1, 1)
    assert pooling.pool_window(stage, 0, 1, 1).frame == (2, 2, 2, 2)


def test_poolings_with_padding_and_means():
    stages = {each.name: each for each in look(twin(_branched()), np.random.default_rng(2).random((2, 11, 9)))}
    for channel, row, column in np.ndindex(*stages["4"].out.shape):
        part = pooling.pool_window(stages["4"], channel, row, column)
        assert part.window[part.winner] == np.nanmax(part.window) == part.output
    mean = pooling.pool_window(stages["3.1.0"], 1, 2, 2)
    assert mean.winner is None and mean.output == pytest.approx(mean.window.mean())
    whole = pooling.pool_window(stages["5.0.0"], 2, 0, 0)
    assert whole.output == pytest.approx(whole.window.mean())


def test_a_score_in_parts_worked_by_hand():
    stages = look(_worked(), PICTURE)
    score = affine.score_of(stages[5], 1)
    assert [(each.index, each.value, each.weight, each.product) for each in score.strong_against] == [
        (0, 7, -0.25, -1.75)
    ]
    assert (score.strong_for, score.others, score.bias, score.score) == ((), 0, 0.25, -1.5)
    hidden = affine.score_of(stages[4], 1)
    assert (hidden.score, hidden.output) == (-2.5, 0)
    assert affine.place_name(stages[4], 0) == (0, 0, 0)


def test_the_shown_parts_of_each_score_add_up_exactly(paper, eight):
    for stage in look(paper, eight)[4:6]:
        for neuron in range(len(stage.out)):
            score = affine.score_of(stage, neuron)
            parts = [each.product for each in (*score.strong_for, *score.strong_against)] + [score.bias, score.others]
            assert sum(Decimal(f"{part:.2f}") for part in parts) == Decimal(f"{score.score:.2f}")
            exact = stage.raw[neuron] - float(stage.layer.parameters["bias"].array[neuron])
            assert score.evidence.sum() == pytest.approx(exact, abs=1e-10)
            rest = np.delete(
                score.evidence.ravel(), [each.index for each in (*score.strong_for, *score.strong_against)]
            )
            assert abs(score.others - rest.sum()) <= 0.005 * (len(parts) + 1)
            assert all(a.product >= b.product for a, b in zip(score.strong_for, score.strong_for[1:], strict=False))


def test_softmax_terms_and_losses_worked_by_hand():
    network = Sequential([Flatten(), Affine(3)], input_shape=(1, 1, 1), seed=0, dtype=np.float64)
    _set(network, [0, math.log(3), math.log(4)])
    found = shares.shares_of(look(network, np.ones((1, 1)))[-1])
    assert [term.power for term in found.terms] == pytest.approx([1, 3, 4])
    assert (found.total, found.shift, found.best) == (pytest.approx(8), 0, 2)
    assert [term.share for term in found.terms] == pytest.approx([1 / 8, 3 / 8, 1 / 2])
    assert [term.loss for term in found.terms] == pytest.approx([math.log(8), math.log(8 / 3), math.log(2)])


def test_softmax_of_huge_scores_stays_finite():
    network = Sequential([Flatten(), Affine(2)], input_shape=(1, 1, 1), seed=0, dtype=np.float64)
    _set(network, [5000, -5000])
    found = shares.shares_of(look(network, np.ones((1, 1)))[-1])
    assert (found.shift, found.terms[0].share, found.terms[1].loss) == (5000, 1, 10_000)


def test_a_twin_answers_like_its_network():
    network, picture = _branched(), np.random.default_rng(2).random((1, 2, 11, 9)).astype(np.float32)
    assert twin(network).forward(picture) == pytest.approx(network.forward(picture), abs=1e-4)


def test_a_step_of_learning_worked_by_hand():
    """One weight, one bias a class: the gradient of the scores is the shares minus the label."""
    network = Sequential([Flatten(), Affine(2)], input_shape=(1, 1, 1), seed=0, dtype=np.float64)
    _set(network, [1, 0])
    step = backward.learn(twin(network), np.array([[2.0]]), 1, 0.5)
    first = 1 / (1 + math.exp(-2))
    assert step.shares_before == pytest.approx([first, 1 - first])
    assert step.loss_before == pytest.approx(-math.log(1 - first))
    assert step.gradients["1.bias"] == pytest.approx([first, -first])
    assert step.gradients["1.weight"] == pytest.approx(np.array([[2 * first, -2 * first]]))
    assert step.after["1.weight"] == pytest.approx(np.array([[1 - first, first]]))
    score = np.array([2 * (1 - first) - first / 2, 2 * first + first / 2])
    assert step.shares_after == pytest.approx(np.exp(score) / np.exp(score).sum())
    assert step.loss_after == pytest.approx(-math.log(step.shares_after[1]))


@pytest.mark.parametrize("backend", ["reference", pytest.param("cpu", marks=pytest.mark.slow)])
def test_gradients_are_those_of_finite_differences_with_running_statistics(backend):
    network, picture = twin(_branched()), np.random.default_rng(2).random((2, 11, 9))
    before = network.values.copy()
    with running(backend):
        step = backward.learn(network, picture, 2, 0.1)

        def loss() -> float:
            return -math.log(softmax(network.forward(picture[np.newaxis]))[0, 2])

        for name in ("0.weight", "1.bias", "1.weight", "2.0.weight", "5.1.2.weight", "7.weight"):
            parameter, at = network.parameters[name], 0
            differences = []
            for change in (1e-6, -1e-6):
                changed = parameter.array.copy()
                changed.flat[at] += change
                network.load_state_arrays({**network.state_arrays(), name: changed})
                differences.append(loss())
                network.values = before
            slope = (differences[0] - differences[1]) / 2e-6
            assert step.gradients[name].flat[at] == pytest.approx(slope, rel=1e-5, abs=1e-9)
    assert (network.values == before).all()  # only a copy learned


def test_learning_makes_the_true_digit_likelier(paper, eight):
    step = backward.learn(paper, eight, 8, 0.01)
    assert step.shares_after[8] > step.shares_before[8]
    assert step.loss_after < step.loss_before
    assert np.allclose(step.after["0.weight"], step.before["0.weight"] - 0.01 * step.gradients["0.weight"], atol=1e-15)


def test_numbers_have_true_signs():
    assert [numbers.signed(each, 2) for each in (1.5, -0.25, 0.0)] == ["+1.50", "−0.25", "0.00"]
    assert [numbers.plain(each, 2) for each in (-0.25, -0.0)] == ["−0.25", "0.00"]  # the loss of a sure answer
    assert [numbers.power(each) for each in (3.0, 4.85e8, 1e-9)] == ["3.00", "4.85·10⁸", "1.00·10⁻⁹"]
    assert numbers.adding_up([0.333, 0.333, 0.334], 1.0, 1) == [0.3, 0.3, 0.4]


def test_colours_mean_the_same_number_on_one_scale():
    stages = look(paper_network(seed=1), np.random.default_rng(0).random((28, 28)))
    limits = {scale: colors.map_limits(stages, stages[1], scale) for scale in colors.Scale}
    assert limits[colors.Scale.OWN] == pytest.approx(np.abs(stages[1].out).max(axis=(1, 2)))
    assert set(limits[colors.Scale.LAYER]) == {np.abs(stages[1].out).max()}
    assert set(limits[colors.Scale.ALL]) == {max(np.abs(stage.out).max() for stage in stages[1:6])}
    painted = colors.paint(np.array([-2.0, 0, 2, 5]), 2.0, diverging=True)
    assert painted.tolist() == [list(colors.BELOW), [255] * 3, list(colors.ABOVE), list(colors.ABOVE)]
    assert colors.paint(np.array([0.0, 1]), 1.0, diverging=False).tolist() == [[0] * 3, [255] * 3]
    assert colors.mosaic(stages[1], limits[colors.Scale.OWN]).shape == (4 * 25 - 1, 3 * 25 - 1, 3)
    assert (colors.ink_on((255, 255, 255)), colors.ink_on((0, 0, 0))) == ("#000000", "#ffffff")
