"""`predict` and `evaluate` of a network and of a committee, and the warning of another range; values worked by hand."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from fastcnn import Sequential, Trainer, optim
from fastcnn.layers import Affine, Flatten
from fastcnn.network.committee import Committee

# What the network answers with, as probabilities; the labels make four of five right.
ANSWERS = np.array([[8, 1, 1], [2, 6, 2], [1, 4, 5], [4, 5, 1], [7, 2, 1]]) / 10
LABELS = np.array([0, 1, 2, 0, 0])


def passing_on(count=3, names=None):
    """A network whose logits are the pixels: of pictures of logarithms it gives the probabilities."""
    layers = [Flatten(), Affine(count)]
    network = Sequential(layers, input_shape=(1, 1, count), dtype=np.float64, seed=0, classes=names)
    network.load_state_arrays({"1.weight": np.eye(count), "1.bias": np.zeros(count)})
    return network


def pictures(probabilities=ANSWERS):
    return np.log(probabilities)[:, np.newaxis, np.newaxis]


@pytest.fixture(params=["network", "committee"])
def network(request):
    if request.param == "network":
        return passing_on(names=("cat", "dog", "owl"))
    return Committee([passing_on(names=("cat", "dog", "owl")) for _ in range(2)])


def test_predict_gives_the_likeliest_class_as_labels_are(network):
    answers = network.predict(pictures())
    assert answers.tolist() == [0, 1, 2, 1, 0] and answers.dtype == np.int64
    assert [network.classes[number] for number in answers[:3]] == ["cat", "dog", "owl"]
    assert network.predict(pictures()[:0]).shape == (0,)


def test_one_output_is_a_number_and_no_class():
    with pytest.raises(ValueError, match="the network has one output; forward gives its numbers"):
        passing_on(1).predict(np.zeros((2, 1, 1, 1)))
    with pytest.raises(ValueError, match="the network has one output; forward gives its numbers"):
        passing_on(1).evaluate(np.zeros((2, 1, 1, 1)), np.zeros(2, int))


def test_evaluate_gives_what_can_be_counted(network):
    scores = network.evaluate(pictures(), LABELS)
    assert (scores.count, scores.accuracy, scores.classes) == (5, 0.8, ("cat", "dog", "owl"))
    assert scores.confusion.tolist() == [[2, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert scores.per_class_accuracy == (pytest.approx(2 / 3), 1.0, 1.0)
    assert scores.loss == pytest.approx(-np.log(0.8 * 0.6 * 0.5 * 0.4 * 0.7) / 5, rel=1e-12)


def test_scores_print_as_a_table(network):
    lines = repr(network.evaluate(pictures(), np.array([0, 1, 0, 0, 0]))).splitlines()
    # 3 of 5: Wilson's interval is (0.6 + z²/10 -+ z·sqrt(0.048 + z²/100)) / (1 + z²/5) with z = 1.95996;
    # the loss is -ln(0.8 * 0.6 * 0.1 * 0.4 * 0.7) / 5
    assert (
        lines[0] == "accuracy 60.00% (95 % interval 23.07% to 88.24%), loss 0.8619"
    )  # -ln(0.8 * 0.6 * 0.1 * 0.4 * 0.7) / 5
    assert [line.split() for line in lines[1:]] == [
        ["class", "most", "often", "taken", "for", "pictures", "accuracy"],
        [lines[2]],
        ["cat", "dog", "(1", "times)", "4", "50.00%"],
        ["dog", "1", "100.00%"],
        ["owl", "0"],
        [lines[2]],
        ["all", "5", "60.00%"],
    ]


def test_of_many_classes_the_worst_are_shown():
    network, probabilities = passing_on(30), np.full((60, 30), 0.01)
    labels = np.arange(60) % 30
    probabilities[np.arange(60), labels] = 0.71
    probabilities[35] = probabilities[36]  # one of two fives is taken for a six
    lines = repr(network.evaluate(pictures(probabilities), labels)).splitlines()
    assert lines[3].split() == ["5", "6", "(1", "times)", "2", "50.00%"]
    assert len(lines) == 1 + 2 + 20 + 2 + 1 and lines[-1] == "the 20 worst of 30 classes"


@pytest.mark.parametrize(
    ("images", "labels", "says"),
    [
        (pictures()[:0], LABELS[:0], "images must hold at least one picture to evaluate on"),
        (pictures(), LABELS[:4], r"labels must have the shape \(5,\), one for each image, not \(4,\)"),
        (pictures(), LABELS + 1, "labels must lie in 0 to 2, but range from 1 to 3"),
        (pictures() * np.nan, LABELS, "images hold NaN, first in picture 0"),
    ],
)
def test_what_cannot_be_evaluated_is_one_sentence(network, images, labels, says):
    with pytest.raises(ValueError, match=says):
        network.evaluate(images, labels)


ASKED = ["predict_proba", "predict", "evaluate"]


def ask(network, method, images):
    more = [np.zeros(len(images), int)] if method == "evaluate" else []
    return getattr(network, method)(images, *more)


@pytest.mark.parametrize("method", ASKED)
@pytest.mark.parametrize(
    ("images", "says"),
    [
        (np.array([[[[0.0, 9.0, 255.0]]]]), "images are float64 and range from 0 to 255, but networks learn from 0 to"),
        (np.array([[[[0, 1, 0]]]], np.uint8), "images are uint8 and range from 0 to 1, but 255 is full ink"),
    ],
)
def test_another_range_is_warned_of_at_the_first_question(network, method, images, says):
    ask(network, method, np.zeros((0, 1, 1, 3))) if method != "evaluate" else None
    with pytest.warns(UserWarning, match=says) as caught:
        ask(network, method, images)
        for each in ASKED:
            ask(network, each, images)
    assert len(caught) == 1
    assert caught[0].filename == __file__  # the user's line, not one of ours


def test_the_usual_range_and_logits_are_not_warned_of(network):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network.forward(np.full((1, 1, 1, 3), 255.0))
        network.predict(np.array([[[[0.0, 0.5, 1.0]]]]))
        network.predict(np.array([[[[-2.0, 0.5, 2.8]]]]))


def test_who_was_warned_in_training_is_not_warned_again():
    network = passing_on()
    images = np.array([[[[0.0, 9.0, 255.0]]]] * 12)
    with pytest.warns(UserWarning, match="range from 0 to 255") as caught:
        Trainer(network, optim.SGD(1e-9)).fit(images, np.zeros(12, int), epochs=2, validation=3, progress=False)
        network.predict(images)
    assert len(caught) == 1
