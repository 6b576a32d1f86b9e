"""The estimators of scikit-learn: its own checks, its tools, and pictures in every shape."""

import copy
import io
import json
import pickle
from importlib.util import find_spec

import joblib
import numpy as np
import pytest

from fastcnn import Sequential, layers

pytest.importorskip("sklearn")
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastcnn.sklearn import CNNClassifier, CNNRegressor

SMALL = {"width": 4, "epochs": 3, "random_state": 0}
LEARNED = 0.8  # chance is 0.1; the last third of these digits is by other writers
CHECKS = """
import json, sys, warnings
from sklearn.utils.estimator_checks import check_estimator
import fastcnn.sklearn
warnings.simplefilter("ignore")  # some checks provoke warnings
estimator = getattr(fastcnn.sklearn, sys.argv[1])(width=8)
results = check_estimator(estimator, on_fail=None, on_skip=None)
print(json.dumps([(each["check_name"], each["status"], str(each["exception"])) for each in results]))
"""


@pytest.fixture(scope="module")
def digits():
    found = load_digits()
    return found.images, found.target


@pytest.fixture(scope="module")
def classifier(digits):
    images, target = digits
    return CNNClassifier(width=8, epochs=8, random_state=0).fit(images[:1200], target[:1200])


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["CNNClassifier", "CNNRegressor"])
def test_scikit_learns_own_checks_pass(estimator, run_python):
    """All of them: some run only if this variable was set before scikit-learn is imported, and some need pandas."""
    done = run_python(CHECKS, estimator, env={"SCIPY_ARRAY_API": "1", "PYTHONWARNINGS": None}, timeout_s=300)
    results = json.loads(done.stdout)
    left = [each for each in results if each[1] != "passed"]
    if find_spec("pandas") is None:
        left = [each for each in left if each[1] != "skipped" or "pandas" not in each[2]]
    assert left == [] and len(results) >= 58
    assert any("sample_weight_equivalence" in name for name, _, _ in results)


def test_digits_are_learned(classifier, digits):
    images, target = digits
    assert classifier.score(images[1200:], target[1200:]) > LEARNED
    probabilities = classifier.predict_proba(images[1200:])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), classifier.predict(images[1200:]))


def test_every_shape_of_x_gives_the_same_network(digits):
    images, target = digits[0][:200], digits[1][:200]
    forms = [
        (images, None),
        (images[:, np.newaxis], None),
        (images.reshape(200, 64), (8, 8)),
        (images.reshape(200, 64).tolist(), (1, 8, 8)),
        (images.astype(int), (8, 8)),
    ]
    found = {CNNClassifier(**SMALL, image_shape=shape).fit(X, target).network_.values.tobytes() for X, shape in forms}
    assert len(found) == 1
    fitted = CNNClassifier(**SMALL).fit(images, target)
    assert (fitted.n_features_in_, fitted.image_shape_) == (64, (1, 8, 8))
    np.testing.assert_array_equal(fitted.predict(images.reshape(200, 64)), fitted.predict(images))


def test_pictures_of_several_channels(rng):
    X = rng.integers(0, 256, (60, 3, 6, 5), np.uint8)
    y = (X[:, 1].mean(axis=(1, 2)) > X[:, 2].mean(axis=(1, 2))).astype(int)
    fitted = CNNClassifier(**SMALL).fit(X, y)
    assert fitted.network_.input_shape == (3, 6, 5)
    assert fitted.network_.layers[0].mean == pytest.approx((X / 255).mean(axis=(0, 2, 3)))
    np.testing.assert_allclose(fitted.predict_proba(X), fitted.predict_proba(X.astype(float)), rtol=0, atol=1e-5)
    np.testing.assert_allclose(fitted.predict_proba(X), fitted.network_.predict_proba(X), rtol=0, atol=1e-6)


@pytest.mark.parametrize("labels", [["b", "a", "c"], [3.0, 7.0, -1.0], [0, 1, 2], ["", "a", "b"], [7, 3, 5]])
def test_labels_of_every_kind_come_back(labels, digits):
    images, target = digits[0][:60], digits[1][:60] % 3
    y = np.array(labels)[target]
    fitted = CNNClassifier(width=8, epochs=30, random_state=0).fit(images, y)
    np.testing.assert_array_equal(fitted.classes_, np.unique(y))
    assert (fitted.predict(images) == y).mean() > 0.9
    if "" not in labels:  # a network's file holds no empty name
        assert fitted.network_.classes == tuple(str(each) for each in np.unique(y))


def test_the_same_random_state_gives_the_same_bits(digits):
    images, target = digits[0][:100], digits[1][:100]
    one, other = (CNNClassifier(**SMALL).fit(images, target).network_.values for _ in range(2))
    np.testing.assert_array_equal(one, other)
    another = CNNClassifier(**{**SMALL, "random_state": 1}).fit(images, target).network_.values
    assert (one != another).any()


def test_partial_fit_learns_batch_by_batch(digits):
    images, target = digits
    estimator = CNNClassifier(width=8, random_state=0)
    estimator.partial_fit(images[:5], target[:5], classes=range(10))
    first = estimator.score(images[1200:], target[1200:])
    for _ in range(4):
        for start in range(0, 1200, 400):
            estimator.partial_fit(images[start : start + 400], target[start : start + 400])
    assert estimator.score(images[1200:], target[1200:]) > max(LEARNED, first)


def test_partial_fit_refuses_other_classes_and_outputs(digits):
    images, target = digits[0][:40], digits[1][:40]
    classifier = CNNClassifier(**SMALL).partial_fit(images, target % 4)
    with pytest.raises(ValueError, match="y must hold the classes of the first partial_fit only, not 9"):
        classifier.partial_fit(images, np.where(target % 4, target % 4, 9))
    with pytest.raises(ValueError, match="classes must be those of the first partial_fit"):
        classifier.partial_fit(images, target % 4, classes=[0, 1])
    regressor = CNNRegressor(**SMALL).partial_fit(images, np.ones((40, 2)))
    with pytest.raises(ValueError, match=r"y must have 2 outputs, as in the first fit, not \(40,\)"):
        regressor.partial_fit(images, np.ones(40))


def test_a_regressor_learns_two_numbers_of_a_picture(rng):
    places = rng.integers(1, 7, (400, 2))
    X = np.zeros((400, 8, 8))
    X[np.arange(400), places[:, 0], places[:, 1]] = rng.uniform(0.5, 1, 400)  # equal samples would become one
    y = places * [1.0, 100.0] + [0.0, 5000.0]
    fitted = CNNRegressor(width=8, random_state=0).fit(X[:300], y[:300])
    assert fitted.predict(X[300:]).shape == (100, 2)
    assert fitted.score(X[300:], y[300:]) > 0.9
    assert CNNRegressor(**SMALL).fit(X, y[:, 0]).predict(X).shape == (400,)


def through_joblib(thing):
    file = io.BytesIO()
    joblib.dump(thing, file)
    file.seek(0)
    return joblib.load(file)


@pytest.mark.parametrize("way", [lambda thing: pickle.loads(pickle.dumps(thing)), copy.deepcopy, through_joblib])
def test_a_fitted_estimator_comes_back_and_goes_on(way, digits):
    images, target = digits[0][:100], digits[1][:100]
    fitted = CNNClassifier(**SMALL).fit(images, target)
    twin = way(fitted)
    np.testing.assert_array_equal(twin.predict_proba(images), fitted.predict_proba(images))
    for each in (fitted, twin):
        each.partial_fit(images, target)
    np.testing.assert_array_equal(twin.network_.values, fitted.network_.values)


def test_a_clone_is_not_fitted(classifier, digits):
    twin = clone(classifier)
    assert twin.get_params() == classifier.get_params() and not hasattr(twin, "network_")
    with pytest.raises(NotFittedError):
        twin.predict(digits[0])


def test_scikit_learns_tools_take_them(digits):
    images, target = digits[0][:300].reshape(300, 64), digits[1][:300]
    estimator = CNNClassifier(width=8, epochs=10, random_state=0, image_shape=(8, 8))
    pipeline = make_pipeline(StandardScaler(), estimator).fit(images, target)
    assert 0.5 < pipeline.score(images, target) <= 1
    with joblib.parallel_backend("threading"):
        scores = cross_val_score(estimator, images, target, cv=2, n_jobs=2)
    assert scores.shape == (2,) and (scores > 0.3).all()
    calibrated = CalibratedClassifierCV(estimator, cv=2).fit(images, target)
    np.testing.assert_allclose(calibrated.predict_proba(images).sum(axis=1), 1)


@pytest.mark.slow  # two processes compile or read the kernels' cache
def test_a_grid_search_in_two_processes_finds_what_one_finds(digits):
    images, target = digits[0][:300], digits[1][:300]
    grid = {"width": [1, 8], "learning_rate": [1e-5, 0.003]}
    alone, two = (
        GridSearchCV(CNNClassifier(**SMALL), grid, cv=2, n_jobs=jobs).fit(images, target) for jobs in (None, 2)
    )
    assert two.best_params_ == {"width": 8, "learning_rate": 0.003}
    np.testing.assert_array_equal(two.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])


def own_network(*, seed, input_shape, classes):
    return Sequential([layers.Flatten(), layers.Affine(classes)], input_shape=input_shape, seed=seed)


@pytest.mark.parametrize("network", ["default", "paper", own_network])
def test_other_networks(network, digits):
    images, target = digits[0][:60], digits[1][:60]
    fitted = CNNClassifier(network, epochs=1, random_state=0).fit(images, target)
    assert type(fitted.network_.layers[0]).__name__ == ("Flatten" if network is own_network else "Normalize")
    assert fitted.predict(images).shape == (60,)


def test_validation_and_patience_keep_the_best_epoch(digits):
    images, target = digits[0][:300], digits[1][:300]
    fitted = CNNClassifier(width=4, epochs=50, validation=0.3, patience=2, random_state=0).fit(images, target)
    assert fitted.history_.best_epoch and len(fitted.history_.epochs) <= 50
    assert fitted.history_.epochs[0].images == 210


WRONG = [
    ({"network": "best"}, ValueError, "network must be None, default"),
    ({"network": lambda **options: own_network(**{**options, "classes": 3})}, ValueError, "network must make a"),
    ({"width": 0}, ValueError, "width must"),
    ({"epochs": 0}, ValueError, "epochs must"),
    ({"batch_size": 1.5}, TypeError, "batch_size must be"),
    ({"learning_rate": -1}, ValueError, "learning_rate must be"),
    ({"weight_decay": "much"}, TypeError, "weight_decay must be"),
    ({"image_shape": (8, 9)}, ValueError, r"image_shape must fit X: it is \(8, 9\), but a picture in X has the shape"),
    ({"image_shape": 8}, ValueError, "image_shape must be"),
    ({"validation": 2.0}, ValueError, "validation must be"),
    ({"patience": 2}, ValueError, "patience needs validation"),
    ({"verbose": "yes"}, TypeError, "verbose must be"),
]


@pytest.mark.parametrize(("options", "kind", "message"), WRONG)
@pytest.mark.parametrize("estimator", [CNNClassifier, CNNRegressor])
def test_wrong_options_are_one_sentence(estimator, options, kind, message, digits):
    with pytest.raises(kind, match=message) as caught:
        estimator(**options).fit(digits[0][:30], digits[1][:30])
    assert len(str(caught.value)) <= 200 and "\n" not in str(caught.value)


def test_numbers_that_float64_cannot_scale_are_one_sentence(digits):
    X, y = digits[0][:20], digits[1][:20]
    wide = X.copy()
    wide[0, 0], wide[1, 0] = 1.7e308, -1.7e308
    with pytest.raises(ValueError, match=r"^X must span less than the largest float64; divide it by a number$"):
        CNNClassifier(**SMALL).fit(wide, y)
    with pytest.raises(
        ValueError, match=r"^y must hold numbers whose squares float64 can hold; divide it by a number$"
    ):
        CNNRegressor(**SMALL).fit(X, y * 1e300)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_targets_that_are_no_numbers_are_one_sentence(method, digits):
    with pytest.raises(TypeError, match=r"^y must hold numbers, not <U"):
        getattr(CNNRegressor(**SMALL), method)(digits[0][:20], digits[1][:20].astype(str))


def test_pictures_of_another_shape_are_refused(classifier):
    with pytest.raises(ValueError, match=r"X must hold pictures of \(1, 8, 8\), as in fit, not of \(1, 4, 16\)"):
        classifier.predict(np.zeros((2, 4, 16)))
    with pytest.raises(ValueError, match="64 features"):
        classifier.predict(np.zeros((2, 9, 9)))
    with pytest.raises(ValueError, match=r"X must be \(n, features\)"):
        classifier.predict(np.zeros((2, 1, 1, 8, 8)))


def test_import_of_the_package_does_not_import_scikit_learn(run_python):
    assert run_python("import sys, fastcnn; print('sklearn' in sys.modules)").stdout == "False\n"


def test_without_scikit_learn_the_error_says_what_to_install(run_python):
    program = (
        "import sys; sys.modules['sklearn'] = None\ntry: import fastcnn.sklearn\nexcept ImportError as e: print(e)"
    )
    message = "fastcnn.sklearn needs scikit-learn; do: pip install 'fastcnn[sklearn]'\n"
    assert run_python(program).stdout == message
