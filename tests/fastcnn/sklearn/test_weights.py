"""`sample_weight` of the estimators: what a weight means, what is refused, and that scikit-learn's tools pass it on."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
import joblib
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastcnn.sklearn import CNNClassifier, CNNRegressor
from fastcnn.sklearn.weights import distinct, mean_and_deviation

SMALL = {"width": 4, "epochs": 3, "random_state": 0}


@pytest.fixture(scope="module")
def digits():
    found = load_digits()
    return found.data[:200], found.target[:200]


def weights_of(fitted):
    return fitted.network_.values.copy()


@pytest.mark.parametrize("kind", [CNNClassifier, CNNRegressor])
def test_a_weight_is_how_often_a_sample_counts(kind, digits, rng):
    X, y = digits
    counts = rng.integers(0, 4, len(X))
    repeated = kind(**SMALL).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    weighted = kind(**SMALL).fit(X, y, sample_weight=counts)
    np.testing.assert_array_equal(weights_of(weighted), weights_of(repeated))
    halves = kind(**SMALL).fit(X, y, sample_weight=counts / 2)
    np.testing.assert_array_equal(weights_of(halves), weights_of(weighted))
    assert (weights_of(kind(**SMALL).fit(X, y)) != weights_of(weighted)).any()


@pytest.mark.parametrize("kind", [CNNClassifier, CNNRegressor])
def test_equal_weights_and_the_order_of_samples_do_not_matter(kind, digits, rng):
    X, y = digits
    plain = weights_of(kind(**SMALL).fit(X, y))
    order = rng.permutation(len(X))
    for given in ((X, y, np.full(len(X), 3)), (X, y, 2.5), (X[order], y[order], None), (X, y, [1] * len(X))):
        np.testing.assert_array_equal(weights_of(kind(**SMALL).fit(*given)), plain)


def test_partial_fit_takes_weights(digits):
    X, y = digits
    weights = np.where(y < 5, 1.0, 0.0)
    one = CNNClassifier(**SMALL).partial_fit(X, y, range(10), weights)
    other = CNNClassifier(**SMALL).partial_fit(X[y < 5], y[y < 5], classes=range(10))
    np.testing.assert_array_equal(weights_of(one), weights_of(other))
    first = CNNRegressor(**SMALL).partial_fit(X, y, sample_weight=weights).partial_fit(X, y, weights)
    second = CNNRegressor(**SMALL).partial_fit(X[y < 5], y[y < 5]).partial_fit(X[y < 5], y[y < 5])
    np.testing.assert_array_equal(weights_of(first), weights_of(second))


def test_a_heavy_class_is_named_more_often(digits):
    X, y = digits[0], digits[1] % 2
    light, heavy = (
        CNNClassifier(**SMALL).fit(X, y, np.where(y == 1, weight, 1.0)).predict(X).mean() for weight in (0.01, 100.0)
    )
    assert light < 0.4 < 0.6 < heavy


def test_score_weighs_the_samples(digits):
    X, y = digits
    fitted = CNNClassifier(width=8, random_state=0).fit(X, y)
    wrong = np.where(np.arange(len(y)) % 2, y, (y + 1) % 10)
    right = fitted.predict(X) == wrong
    assert 0 < right.sum() < len(y)
    assert fitted.score(X, wrong, sample_weight=right.astype(float)) == 1
    regressor = CNNRegressor(**SMALL).fit(X, y)
    assert regressor.score(X, y, sample_weight=np.ones(len(y))) == regressor.score(X, y)


def test_a_class_without_weight_is_no_class(digits):
    X, y = digits
    fitted = CNNClassifier(**SMALL).fit(X, y, (y < 2).astype(int))
    np.testing.assert_array_equal(fitted.classes_, [0, 1])
    assert fitted.predict_proba(X).shape == (200, 2)


WRONG = [
    (np.zeros(200), "[Ww]eight.*zero"),
    (-np.ones(200), "[Nn]egative"),
    (np.full(200, np.nan), "NaN"),
    (np.full(200, np.inf), "infinity"),
    (np.ones(199), "sample_weight.shape"),
    (np.ones((200, 2)), "1D"),
    (["much"] * 200, "could not convert"),
]


@pytest.mark.parametrize(("weights", "message"), WRONG)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("kind", [CNNClassifier, CNNRegressor])
def test_wrong_weights_are_refused(kind, method, weights, message, digits):
    estimator = kind(**SMALL)
    with pytest.raises(ValueError, match=message):
        getattr(estimator, method)(*digits, sample_weight=weights)
    assert not hasattr(estimator, "network_")


def test_the_tools_pass_weights_on(digits):
    X, y = digits
    estimator = CNNClassifier(width=8, epochs=8, random_state=0, image_shape=(8, 8))
    weights = np.where(y < 5, 1.0, 0.5)
    pipeline = make_pipeline(StandardScaler(), estimator).fit(X, y, cnnclassifier__sample_weight=weights)
    assert pipeline.score(X, y) > 0.5
    calibrated = CalibratedClassifierCV(estimator, cv=2).fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    search = GridSearchCV(estimator, {"width": [1, 8]}, cv=2).fit(X, y, sample_weight=weights)
    assert search.best_params_ == {"width": 8}


@pytest.mark.slow  # loky's processes compile or read the kernels' cache
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_joblib_gives_the_same_scores_in_threads_and_processes(backend, digits):
    X, y = digits
    estimator = CNNClassifier(**SMALL, image_shape=(8, 8))
    alone = cross_val_score(estimator, X, y, cv=2)
    with joblib.parallel_backend(backend):
        np.testing.assert_array_equal(cross_val_score(estimator, X, y, cv=2, n_jobs=2), alone)
    fitted = estimator.fit(X, y)
    answers = joblib.Parallel(n_jobs=2, backend=backend)(joblib.delayed(fitted.predict)(part) for part in (X, X[::-1]))
    np.testing.assert_array_equal(answers[0], answers[1][::-1])
    np.testing.assert_array_equal(answers[0], fitted.predict(X))


def test_equal_samples_become_one_by_hand():
    X = np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0], [1.0, 2.0], [5.0, 6.0]])
    y = np.array(["a", "b", "a", "b", "c"])
    kept, labels, weights = distinct(X, y, [1, 2, 0.5, 4, 0])
    found = {(*row, label): weight for row, label, weight in zip(kept.tolist(), labels, weights, strict=True)}
    assert found == {(1.0, 2.0, "a"): 1.5, (3.0, 4.0, "b"): 2.0, (1.0, 2.0, "b"): 4.0}
    assert distinct(X[:2], y[:2], None)[2] is None
    assert sorted(distinct(X, y, None)[2].tolist()) == [1, 1, 1, 2]


def test_weighted_moments_by_hand():
    mean, deviation = mean_and_deviation(np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([3.0, 1.0]), 7.0)
    np.testing.assert_allclose(mean, [1.5, 5.0])
    np.testing.assert_allclose(deviation, [np.sqrt(0.75), 7.0])
    mean, deviation = mean_and_deviation(np.array([[[1.0, 3.0]], [[5.0, 7.0]]]), None)
    assert (mean[0], deviation[0]) == (4.0, np.sqrt(5.0))
