"""The losses of a trainer: hand-worked values, PyTorch's formulas written out, differences in float64, and refusals."""

from math import log

import numpy as np
import pytest

from fastcnn import losses
from fastcnn.network.losses import BinaryCrossEntropy, CrossEntropy, MeanSquaredError
from tests.fastcnn.gradients import assert_gradient, numerical_gradient

LOGITS = np.array([[0.0, log(3.0)], [log(4.0), 0.0]])  # probabilities 1/4, 3/4 and 4/5, 1/5


def value(loss, *arguments):
    return loss.value_and_gradient(*arguments)[0]


def test_hand_worked_mean_squared_error():
    outputs, targets = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[0.0, 0.0], [3.0, 1.0]])
    loss, grad = MeanSquaredError().value_and_gradient(outputs, targets)
    assert loss == 21 / 4
    np.testing.assert_array_equal(grad, [[0.5, 1.0], [0.0, 2.0]])
    loss, grad = MeanSquaredError().value_and_gradient(outputs, targets, np.array([1.0, 3.0]))
    assert loss == (2.5 + 3 * 8) / 4
    np.testing.assert_array_equal(grad, [[0.25, 0.5], [0.0, 3.0]])


def test_hand_worked_binary_cross_entropy():
    outputs, targets = np.array([[0.0, log(3.0)]]), np.array([[1.0, 0.0]])
    loss, grad = BinaryCrossEntropy().value_and_gradient(outputs, targets)
    assert loss == pytest.approx((log(2) + log(4)) / 2, rel=1e-15)
    np.testing.assert_allclose(grad, [[-0.25, 0.375]], rtol=1e-15)


def test_hand_worked_class_weights():
    labels, weighted = np.array([1, 0]), CrossEntropy(class_weight=[3, 1])
    assert value(weighted, LOGITS, labels) == pytest.approx((log(4 / 3) + 3 * log(5 / 4)) / 4, rel=1e-15)
    both = value(weighted, LOGITS, labels, np.array([2, 1]))
    assert both == pytest.approx((2 * log(4 / 3) + 3 * log(5 / 4)) / 5, rel=1e-15)
    _, grad = weighted.value_and_gradient(LOGITS, labels)
    np.testing.assert_allclose(grad, [[1 / 16, -1 / 16], [-0.6 / 4, 0.6 / 4]], rtol=1e-14)


def test_hand_worked_class_weights_with_smoothing():
    """Each class's part of a smoothed target is times its own weight; the sum of weights is that of the labels."""
    smoothed = value(CrossEntropy(0.2, [3, 1]), LOGITS[:1], np.array([1]))
    assert smoothed == pytest.approx(0.9 * log(4 / 3) + 0.1 * 3 * log(4), rel=1e-15)


def test_hand_worked_sample_weights():
    weighted = value(CrossEntropy(), LOGITS, np.array([1, 0]), np.array([1.0, 2.0]))
    assert weighted == pytest.approx((log(4 / 3) + 2 * log(5 / 4)) / 3, rel=1e-15)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_with_weights_is_torchs_formula(smoothing, rng):
    """torch.nn.CrossEntropyLoss: the weighted mean of the labels, and the smoothing's sum over the same divisor."""
    logits, labels, weights = rng.standard_normal((9, 4)) * 3, rng.integers(0, 4, 9), rng.random(4)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    divisor = weights[labels].sum()
    of_labels = -(weights[labels] * log_p[np.arange(9), labels]).sum() / divisor
    of_all = -(weights * log_p).sum() / divisor
    expected = (1 - smoothing) * of_labels + smoothing / 4 * of_all
    assert value(CrossEntropy(smoothing, weights), logits, labels) == pytest.approx(expected, rel=1e-13)


CASES = {
    "cross-entropy": CrossEntropy(),
    "smoothed": CrossEntropy(0.1),
    "class weights": CrossEntropy(class_weight=(1.0, 0.0, 2.5)),
    "class weights, smoothed": CrossEntropy(0.3, (1.0, 0.5, 2.5)),
    "mean squared error": MeanSquaredError(),
    "binary cross-entropy": BinaryCrossEntropy(),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_gradients_match_finite_differences(name, weighted, rng):
    loss, outputs = CASES[name], rng.standard_normal((5, 3)) * 2
    targets = np.array([0, 2, 1, 2, 0]) if loss.is_of_classes else rng.random((5, 3))
    weights = rng.random(5) * [1, 0, 3, 1, 1] if weighted else None
    _, grad = loss.value_and_gradient(outputs, targets, weights)
    assert_gradient(grad, numerical_gradient(lambda: value(loss, outputs, targets, weights), outputs))


@pytest.mark.parametrize("name", CASES)
def test_equal_weights_are_no_weights(name, rng):
    loss, outputs = CASES[name], rng.standard_normal((4, 3))
    targets = np.array([0, 2, 1, 2]) if loss.is_of_classes else rng.random((4, 3))
    plain, grad = loss.value_and_gradient(outputs, targets)
    weighted, weighted_grad = loss.value_and_gradient(outputs, targets, np.full(4, 7))
    assert weighted == pytest.approx(plain, rel=1e-14)
    np.testing.assert_allclose(weighted_grad, grad, rtol=1e-13, atol=1e-17)


@pytest.mark.parametrize("name", CASES)
def test_no_weight_at_all_is_no_loss(name):
    loss = CASES[name]
    targets = np.zeros(2, int) if loss.is_of_classes else np.zeros((2, 3))
    result, grad = loss.value_and_gradient(np.ones((2, 3)), targets, np.zeros(2))
    assert result == 0
    assert not grad.any()


def test_huge_outputs_stay_finite():
    outputs = np.array([[3e38, -3e38, 0.0]], np.float32)
    for loss, expected in ((BinaryCrossEntropy(), 0.0), (CrossEntropy(0, [1, 2, 3]), 0.0)):
        targets = np.array([0]) if loss.is_of_classes else np.array([[1.0, 0.0, 0.5]])
        result, grad = loss.value_and_gradient(outputs, targets)
        assert result == pytest.approx(expected if loss.is_of_classes else log(2) / 3)
        assert np.isfinite(grad).all()


def test_sigmoid():
    np.testing.assert_allclose(losses.sigmoid(np.array([[0.0, log(3.0), -log(3.0)]])), [[0.5, 0.75, 0.25]], rtol=1e-15)
    assert losses.sigmoid(np.array([[-1e30, 1e30]], np.float32)).tolist() == [[0.0, 1.0]]


def test_class_weights_by_name_and_number():
    classes = ("cat", "dog", "fox")
    for given in ({"dog": 2, "fox": 0.5}, {1: 2, 2: 0.5}, [1, 2, 0.5], np.array([1, 2, 0.5])):
        assert CrossEntropy(class_weight=given).for_classes(classes).class_weight == (1.0, 2.0, 0.5)
    # Names that are integers are what integers mean.
    assert CrossEntropy(class_weight={7: 2}).for_classes(("3", "7")).class_weight == (1.0, 2.0)


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"bird": 2}, ValueError, "class_weight names 'bird', which is no class; network.classes has 'cat, dog'"),
        ({2: 2}, ValueError, "class_weight names 2, which is no class"),
        ({"cat": -1}, ValueError, "class_weight must be at least 0, not -1"),
        ({"cat": "much"}, TypeError, "class_weight must be a number"),
        ({"cat": float("nan")}, ValueError, "class_weight must be finite"),
        ([1, 2, 3], ValueError, "class_weight must have a number for each of 2 classes, not 3"),
        ([0, 0], ValueError, "class_weight must be more than 0"),
        (3, TypeError, "class_weight must be a dict or a number for each class, not 3"),
        ("balanced", TypeError, "class_weight must be a dict"),  # what is balanced is known with labels only
    ],
)
def test_wrong_class_weights_are_refused(given, error, says):
    with pytest.raises(error, match=says) as caught:
        CrossEntropy(class_weight=given).for_classes(("cat", "dog"))
    assert len(str(caught.value)) <= 200


@pytest.mark.parametrize(
    ("loss", "targets", "error", "says"),
    [
        (MeanSquaredError(), np.zeros((3, 3)), ValueError, r"labels must have the shape \(2, 3\), one an output"),
        (MeanSquaredError(), np.zeros(2), ValueError, r"labels must have the shape \(2, 3\)"),
        (MeanSquaredError(), np.full((2, 3), np.inf), ValueError, "labels hold NaN or infinity"),
        (MeanSquaredError(), np.full((2, 3), "a"), TypeError, r"labels must be an array of numbers \(N, 3\)"),
        (MeanSquaredError(), [[0.0] * 3] * 2, TypeError, "labels must be an array of numbers"),
        (BinaryCrossEntropy(), np.full((2, 3), 1.1), ValueError, "labels must lie in 0 to 1, but range from 1.1 to"),
        (BinaryCrossEntropy(), np.full((2, 3), -1), ValueError, "labels must lie in 0 to 1, but range from -1 to"),
        (CrossEntropy(class_weight=[1, 1, 1]), np.array([0, 3]), ValueError, "labels must lie in 0 to 2"),
    ],
)
def test_wrong_targets_are_refused(loss, targets, error, says):
    with pytest.raises(error, match=says):
        loss.value_and_gradient(np.zeros((2, 3)), targets)


@pytest.mark.parametrize(
    ("weights", "error", "says"),
    [
        (np.ones(3), ValueError, r"sample_weight must have the shape \(2,\), one for each image, not \(3,\)"),
        (np.array([1.0, -1.0]), ValueError, "sample_weight must hold finite numbers of at least 0"),
        (np.array([1.0, np.nan]), ValueError, "sample_weight must hold finite numbers"),
        ([1.0, 1.0], TypeError, r"sample_weight must be an array of numbers \(2,\), not list"),
    ],
)
def test_wrong_sample_weights_are_refused(weights, error, says):
    with pytest.raises(error, match=says):
        MeanSquaredError().value_and_gradient(np.zeros((2, 3)), np.zeros((2, 3)), weights)


def test_a_loss_shows_its_options():
    assert repr(CrossEntropy(0.1, [1, 2])) == "CrossEntropy(label_smoothing=0.1, class_weight=(1.0, 2.0))"
    assert repr(MeanSquaredError()) == "MeanSquaredError()"


@pytest.mark.torch
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_trained_by_torch_to_the_same_values(name, weighted, rng):
    """200 steps of gradient descent on one matrix, in float64."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    loss, x = CASES[name], rng.standard_normal((16, 6))
    targets = rng.integers(0, 3, 16) if loss.is_of_classes else rng.random((16, 3))
    ours = rng.standard_normal((6, 3))
    theirs = torch.tensor(ours, requires_grad=True)
    weights = rng.random(16) if weighted else None
    each, truth = torch.ones(16, dtype=torch.float64), torch.tensor(targets)
    if weights is not None:
        each = torch.tensor(weights)
    for _ in range(200):
        result, grad = loss.value_and_gradient(x @ ours, targets, weights)
        ours -= 0.1 * x.T @ grad
        outputs = torch.tensor(x) @ theirs
        if isinstance(loss, CrossEntropy):
            of_class = torch.tensor(loss.class_weight or (1.0, 1.0, 1.0), dtype=torch.float64)
            options = {"weight": of_class, "label_smoothing": loss.label_smoothing}
            if weights is None:
                expected = functional.cross_entropy(outputs, truth, **options)
            else:
                losses_of = functional.cross_entropy(outputs, truth, reduction="none", **options)
                expected = (each * losses_of).sum() / (each * of_class[truth]).sum()
        else:
            kind = "mse_loss" if isinstance(loss, MeanSquaredError) else "binary_cross_entropy_with_logits"
            losses_of = getattr(functional, kind)(outputs, truth, reduction="none").mean(axis=1)
            expected = (each * losses_of).sum() / each.sum()
        (grad_theirs,) = torch.autograd.grad(expected, theirs)
        with torch.no_grad():
            theirs -= 0.1 * grad_theirs
        assert result == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=1e-12)
