"""Metrics against numbers worked by hand or taken from elsewhere."""

import math

import numpy as np
import pytest

from fastcnn import metrics


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3 (score without continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_matches_newcombe(successes, trials, low, high):
    assert metrics.wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_wilson_interval_ends_at_one_when_all_are_right():
    low, high = metrics.wilson_interval(10, 10)
    assert high == pytest.approx(1.0, abs=1e-12)
    assert low == pytest.approx(10 / (10 + 1.96**2), abs=1e-5)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_interval_refuses_impossible_counts(successes, trials):
    with pytest.raises(ValueError, match="successes must lie between"):
        metrics.wilson_interval(successes, trials)


def test_confusion_rows_are_true_digits():
    confusion = metrics.confusion_matrix(np.array([3, 3, 3, 9]), np.array([3, 5, 5, 9]))
    assert confusion[3, 5] == 2
    assert confusion[5, 3] == 0
    assert confusion.trace() == 2
    assert confusion.sum() == 4


def test_frequent_confusions_are_sorted_and_leave_out_right_answers():
    confusion = np.diag(np.full(10, 100)).astype(np.int64)
    confusion[4, 9], confusion[7, 2], confusion[2, 7] = 7, 3, 3
    assert metrics.frequent_confusions(confusion) == [(4, 9, 7), (2, 7, 3), (7, 2, 3)]
    assert metrics.frequent_confusions(confusion, 1) == [(4, 9, 7)]


def test_calibration_error_by_hand():
    # Bin (14/15, 1]: three at 0.98, two right. Bin (7/15, 8/15]: one at 0.5, right.
    confidence, right = np.array([0.98, 0.98, 0.98, 0.5]), np.array([True, True, False, True])
    expected = 3 / 4 * (0.98 - 2 / 3) + 1 / 4 * 0.5
    assert metrics.expected_calibration_error(confidence, right) == pytest.approx(expected, rel=1e-12)


def test_calibration_bins_are_closed_above():
    # 0.6 = 9/15 belongs to (8/15, 9/15] with 0.55, so the two gaps -0.4 and +0.55 partly cancel.
    error = metrics.expected_calibration_error(np.array([0.6, 0.55]), np.array([True, False]))
    assert error == pytest.approx(abs(0.6 - 1 + 0.55) / 2, rel=1e-12)


def test_evaluation_by_hand():
    probabilities = np.zeros((4, 10), np.float32)
    probabilities[0, [1, 2]] = 0.75, 0.25
    probabilities[1, [1, 7]] = 0.5, 0.5  # a tie: the first wins
    probabilities[2, [4, 9]] = 0.25, 0.75
    probabilities[3, 4] = 1.0
    result = metrics.evaluate(probabilities, np.array([1, 1, 4, 4]))
    assert result.accuracy == 0.75
    assert result.mean_confidence == 0.75
    assert result.per_digit_accuracy[1] == 1.0
    assert result.per_digit_accuracy[4] == 0.5
    assert result.per_digit_accuracy[0] is None
    assert result.confusion[4, 9] == 1
    assert result.loss == pytest.approx((-math.log(0.75) - math.log(0.5) - math.log(0.25)) / 4, rel=1e-7)
    assert result.interval == metrics.wilson_interval(3, 4)


def test_loss_stays_finite_where_a_probability_underflowed():
    probabilities = np.zeros((1, 10), np.float32)
    probabilities[0, 0] = 1.0
    assert 100 < metrics.evaluate(probabilities, np.array([5])).loss < 110


@pytest.mark.parametrize("shape", [(0, 10), (2, 9), (3, 10)])
def test_evaluate_refuses_shapes_that_do_not_fit(shape):
    with pytest.raises(ValueError, match="probabilities must be"):
        metrics.evaluate(np.full(shape, 0.1), np.zeros(2 if shape[0] else 0, np.int64))


def test_evaluate_refuses_nan():
    with pytest.raises(ValueError, match="NaN"):
        metrics.evaluate(np.full((1, 10), np.nan), np.array([0]))


def test_small_integers_of_many_classes_do_not_overflow():
    labels = np.array([0, 7, 28, 29], np.uint8)
    counts = metrics.confusion_matrix(labels, labels, 30)
    assert counts.diagonal().nonzero()[0].tolist() == [0, 7, 28, 29]
    assert counts.sum() == 4
