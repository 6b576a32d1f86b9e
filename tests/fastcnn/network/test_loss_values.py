"""Softmax and cross-entropy: hand-worked values, huge logits, gradients, and what is refused."""

from math import log

import numpy as np
import pytest

from fastcnn.network.loss_values import softmax, softmax_cross_entropy
from tests.fastcnn.gradients import assert_gradient, numerical_gradient

EPS = {np.float32: float(np.finfo(np.float32).eps), np.float64: float(np.finfo(np.float64).eps)}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_rows_sum_to_one(dtype, rng):
    logits = (rng.standard_normal((50, 10)) * rng.choice([1e-3, 1, 100], (50, 1))).astype(dtype)
    probabilities = softmax(logits)
    assert probabilities.dtype == dtype
    assert (probabilities >= 0).all()
    # Ten roundings to the dtype, each at most half an eps of a probability that is at most 1.
    assert np.abs(probabilities.sum(axis=1, dtype=np.float64) - 1).max() <= 5 * EPS[dtype]


def test_hand_worked_values():
    logits = np.array([[0.0, log(3.0)], [log(4.0), 0.0]])
    np.testing.assert_allclose(softmax(logits), [[0.25, 0.75], [0.8, 0.2]], rtol=1e-15)
    loss, grad = softmax_cross_entropy(logits, np.array([1, 1]))
    assert loss == pytest.approx((log(4 / 3) + log(5)) / 2, rel=1e-15)
    np.testing.assert_allclose(grad, [[0.125, -0.125], [0.4, -0.4]], rtol=1e-14)


def test_hand_worked_label_smoothing():
    # Two classes, smoothing 0.2: the targets are 0.9 and 0.1.
    loss, grad = softmax_cross_entropy(np.array([[0.0, log(3.0)]]), np.array([1]), 0.2)
    assert loss == pytest.approx(0.9 * log(4 / 3) + 0.1 * log(4), rel=1e-15)
    np.testing.assert_allclose(grad, [[0.15, -0.15]], rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_huge_logits_stay_finite(dtype, label_smoothing):
    logits = np.array([[3e38, -3e38, 0], [-1e30, -1e30, -1e30], [1e4, 0, -1e4]], dtype)
    probabilities = softmax(logits)
    np.testing.assert_allclose(probabilities, [[1, 0, 0], [1 / 3] * 3, [1, 0, 0]], rtol=EPS[dtype])
    loss, grad = softmax_cross_entropy(logits, np.array([0, 1, 0]), label_smoothing)
    assert np.isfinite(loss)
    assert np.isfinite(grad).all()
    if label_smoothing == 0:
        assert loss == pytest.approx(log(3) / 3)


def test_nan_and_infinite_logits_give_nan_without_a_warning():
    logits = np.array([[np.nan, 0.0], [np.inf, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(np.isnan(softmax(logits)), [[True, True], [True, True], [False, False]])
    loss, _ = softmax_cross_entropy(logits, np.array([0, 0, 0]))
    assert np.isnan(loss)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 0.9])
def test_gradient_matches_finite_differences(label_smoothing, rng):
    logits, labels = rng.standard_normal((5, 7)) * 3, rng.integers(0, 7, 5)
    _, grad = softmax_cross_entropy(logits, labels, label_smoothing)
    numerical = numerical_gradient(lambda: softmax_cross_entropy(logits, labels, label_smoothing)[0], logits)
    assert_gradient(grad, numerical)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.int64])
def test_any_integer_labels_will_do(dtype, rng):
    logits = rng.standard_normal((4, 3))
    expected, _ = softmax_cross_entropy(logits, np.array([0, 1, 2, 0]))
    assert softmax_cross_entropy(logits, np.array([0, 1, 2, 0], dtype))[0] == expected


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (np.array([0, 3]), ValueError, "labels must lie in 0 to 2, but range from 0 to 3"),
        (np.array([-1, 0]), ValueError, "labels must lie in 0 to 2, but range from -1 to 0"),
        (np.array([0]), ValueError, r"labels must have the shape \(2,\)"),
        (np.array([[0], [1]]), ValueError, r"labels must have the shape \(2,\)"),
        (np.array([0.0, 1.0]), TypeError, "labels must be an integer array, not float64"),
        (np.array([True, False]), TypeError, "labels must be an integer array, not bool"),
        ([0, 1], TypeError, "labels must be an integer array, not list"),
    ],
)
def test_wrong_labels_are_refused(labels, error, message):
    with pytest.raises(error, match=message):
        softmax_cross_entropy(np.zeros((2, 3)), labels)


@pytest.mark.parametrize(
    ("logits", "error", "message"),
    [
        (np.zeros((2, 3), np.float16), TypeError, "logits must be a float32 or float64 array, not float16"),
        (np.zeros((2, 3), np.int64), TypeError, "not int64"),
        ([[0.0, 1.0]], TypeError, "not list"),
        (np.zeros(3), ValueError, "logits must have the shape"),
        (np.zeros((2, 0)), ValueError, "logits must have the shape"),
        (np.zeros((0, 3)), ValueError, "at least one image"),
    ],
)
def test_wrong_logits_are_refused(logits, error, message):
    with pytest.raises(error, match=message):
        softmax_cross_entropy(logits, np.zeros(len(logits), np.int64))


@pytest.mark.parametrize("label_smoothing", [-0.1, 1.0, float("nan")])
def test_wrong_label_smoothing_is_refused(label_smoothing):
    with pytest.raises(ValueError, match="label_smoothing must be at least 0 and less than 1"):
        softmax_cross_entropy(np.zeros((1, 3)), np.array([0]), label_smoothing)
    with pytest.raises(TypeError, match="label_smoothing must be a number"):
        softmax_cross_entropy(np.zeros((1, 3)), np.array([0]), "0.1")


def test_arguments_are_not_modified(rng):
    logits, labels = rng.standard_normal((3, 4)), np.array([0, 1, 2])
    before = logits.copy()
    softmax(logits)
    softmax_cross_entropy(logits, labels, 0.1)
    np.testing.assert_array_equal(logits, before)


@pytest.mark.torch
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_matches_torch(label_smoothing, rng):
    torch = pytest.importorskip("torch")
    logits, labels = rng.standard_normal((20, 10)) * 5, rng.integers(0, 10, 20)
    theirs = torch.tensor(logits, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(theirs, torch.tensor(labels), label_smoothing=label_smoothing)
    loss.backward()
    ours, grad = softmax_cross_entropy(logits, labels, label_smoothing)
    # 20 losses of up to 40 nats, each with a few roundings.
    assert abs(ours - loss.item()) <= 40 * 8 * EPS[np.float64]
    np.testing.assert_allclose(grad, theirs.grad.numpy(), rtol=0, atol=8 * EPS[np.float64])
