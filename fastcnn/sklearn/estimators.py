"""A classifier and a regressor that train a network of this package, in the form that scikit-learn asks for."""

from __future__ import annotations

import contextlib
from math import isfinite
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from fastcnn.arrays import Array
from fastcnn.checks import check_flag, check_nonnegative, check_positive
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import shown
from fastcnn.network.losses import Loss, MeanSquaredError, softmax
from fastcnn.optim import AdamW
from fastcnn.optim.schedules import OneCycle
from fastcnn.sklearn.pictures import Builder, build_network, flat, picture_shape
from fastcnn.sklearn.weights import distinct, mean_and_deviation
from fastcnn.training.samples import count_set_aside
from fastcnn.training.trainer import Trainer

LARGEST_SEED = 2**31 - 1
DTYPES = (np.float64, np.float32, np.uint8)  # others become the first
OF_UINT8 = (0.0, 255.0)
NOTHING = (0, None)  # a partial_fit sets no pictures aside
PARAMETERS = """
Parameters
----------
network : None for two convolutions and two Affine layers; a name that `fastcnn train --network` takes; or a
    function of seed, input_shape and classes that makes a `fastcnn.Sequential`
image_shape : (H, W) or (C, H, W) of the pictures in rows of features; None where X has the shape of pictures, or is
    a table, whose row is a picture of one line
width : filters of the first convolution, where network is None
epochs, batch_size : of `fit`; an epoch sees each different sample once
learning_rate : the largest of a cycle that ends at zero; `partial_fit` keeps it
weight_decay : of AdamW
validation : samples that choose the best epoch, a number or a share; 0 keeps the last epoch
patience : stop after so many epochs without a better one; it needs validation
random_state : of the first weights and the order of the samples
verbose : whether to show the progress on stderr

Attributes
----------
network_ : the trained `fastcnn.Sequential`; it reads (X - offset_) / range_
offset_, range_ : the smallest number of X in fit, and what lies above it; 0 and 255 for uint8
image_shape_ : (C, H, W) of a picture
history_ : the epochs of the last `fit` or `partial_fit`
n_features_in_, feature_names_in_ : as in all of scikit-learn

X is (n, features), (n, H, W) or (n, C, H, W). `sample_weight` is (n,) numbers, at least 0: a weight of 2 is the same as
a sample that is given twice, to the last bit, and 0 is the same as no such sample. The order of the samples does not
matter. `validation` counts different samples, without their weights.
"""


class _CNN(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both estimators share."""

    def __init__(
        self,
        network: str | Builder | None = None,
        *,
        image_shape: tuple[int, ...] | None = None,
        width: int = 32,
        epochs: int = 20,
        batch_size: int = 32,
        learning_rate: float = 0.003,
        weight_decay: float = 0.05,
        validation: int | float = 0,
        patience: int | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.network = network
        self.image_shape = image_shape
        self.width = width
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.validation = validation
        self.patience = patience
        self.random_state = random_state
        self.verbose = verbose

    def _samples(self, X: Any, y: Any, *, reset: bool, **options: Any) -> tuple[Array, Array]:
        """X as rows and y, both checked. A reset keeps the shape of the pictures; else they must have it."""
        X, given = flat(X)
        X, y = validate_data(self, X, y, reset=reset, dtype=DTYPES, **options)
        self._keep_shape(X, given, reset)
        return X, y

    def _keep_shape(self, X: Array, given: tuple[int, ...] | None, reset: bool) -> None:
        if reset:
            self.image_shape_ = picture_shape(X.shape[1], given, self.image_shape)
        elif given not in (None, self.image_shape_):
            raise ValueError(f"X must hold pictures of {self.image_shape_}, as in fit, not of {given}")

    def _pictures(self, X: Array) -> Array:
        """(n, C, H, W) for the network, which divides uint8 by 255 itself: X of fit as numbers from 0 to 1."""
        if X.dtype != np.uint8 or (self.offset_, self.range_) != OF_UINT8:
            X = ((X.astype(np.float64) - self.offset_) / self.range_).astype(np.float32)
        return X.reshape(-1, *self.image_shape_)

    def _start(self, X: Array, outputs: int, loss: Loss | None, weights: Array | None) -> None:
        """A new network and its trainer, for X of the first fit."""
        low, high = float(X.min()), float(X.max())
        if not isfinite(high - low):
            raise ValueError("X must span less than the largest float64; divide it by a number")
        self.offset_, self.range_ = OF_UINT8 if X.dtype == np.uint8 else (low, high - low or 1.0)
        self._random = check_random_state(self.random_state)
        seed = self._random.randint(LARGEST_SEED)
        self.network_ = build_network(self.network, self._pictures(X), weights, outputs, self.width, seed)
        rate = check_positive("learning_rate", self.learning_rate)
        decay = check_nonnegative("weight_decay", self.weight_decay)
        self._trainer = Trainer(self.network_, AdamW(rate, weight_decay=decay), loss=loss)

    def _train(self, X: Array, targets: Any, weights: Array | None, *, once: bool = False) -> Self:
        """All epochs of a fit, or one."""
        epochs, batch_size = integer("epochs", self.epochs, 1), integer("batch_size", self.batch_size, 1)
        validation, patience = NOTHING if once else (self.validation, self.patience)
        batches = -(-(len(X) - count_set_aside(validation, len(X))) // batch_size)
        self.history_ = self._trainer.fit(
            self._pictures(X),
            targets,
            sample_weight=weights,
            epochs=1 if once else epochs,
            batch_size=batch_size,
            schedule=None if once else OneCycle(self._trainer.optimizer.lr, epochs * batches),
            validation=validation,
            patience=patience,
            seed=self._random.randint(LARGEST_SEED),
            progress=check_flag("verbose", self.verbose),
        )
        return self

    def _outputs(self, X: Any) -> Array:
        """What the network gives for X: (n, outputs) float64."""
        check_is_fitted(self, "network_")
        X, given = flat(X)
        X = validate_data(self, X, reset=False, dtype=DTYPES)
        self._keep_shape(X, given, reset=False)
        return self.network_.forward(self._pictures(X)).astype(np.float64)


class CNNClassifier(ClassifierMixin, _CNN):  # type: ignore[misc]
    __doc__ = f"""A convolutional network that tells classes apart; `classes_` has their labels.
{PARAMETERS}"""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train a new network on X, its labels y (n,) and their weights (n,). A class of weight 0 does not count."""
        X, y = self._samples(X, y, reset=True)
        check_classification_targets(y)
        X, y, weights = distinct(X, y, sample_weight)
        return self._begin(X, np.unique(y), weights)._train(X, self._targets(y), weights)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """One epoch more on these samples. The first call needs all classes, unless y has each of them."""
        first = not hasattr(self, "network_")
        X, y = self._samples(X, y, reset=first)
        check_classification_targets(y)
        X, y, weights = distinct(X, y, sample_weight)
        if first:
            self._begin(X, np.unique(y if classes is None else classes), weights)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError("classes must be those of the first partial_fit; leave them out")
        return self._train(X, self._targets(y), weights, once=True)

    def _begin(self, X: Array, classes: Array, weights: Array | None) -> Self:
        self.classes_ = classes
        self._start(X, len(classes), None, weights)
        with contextlib.suppress(ValueError):  # of names that a file cannot hold, it keeps the numbers
            self.network_.classes = [str(each) for each in classes]
        return self

    def _targets(self, y: Array) -> list[str]:
        """y as the names of the network's outputs."""
        missing = np.setdiff1d(y, self.classes_)
        if len(missing):
            raise ValueError(f"y must hold the classes of the first partial_fit only, not {shown(missing.tolist()[0])}")
        return [self.network_.classes[number] for number in np.searchsorted(self.classes_, y)]

    def predict_proba(self, X: Any) -> Array:
        """Probabilities (n, classes), in the order of `classes_`."""
        return softmax(self._outputs(X))

    def predict(self, X: Any) -> Array:
        """The most likely class of each sample: (n,)."""
        numbers = self._outputs(X).argmax(axis=1)
        found: Array = self.classes_[numbers]
        return found


class CNNRegressor(RegressorMixin, _CNN):  # type: ignore[misc]
    __doc__ = f"""A convolutional network that gives one number, or several, for each sample.
{PARAMETERS}"""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _samples(self, X: Any, y: Any, *, reset: bool, **options: Any) -> tuple[Array, Array]:
        X, y = super()._samples(X, y, reset=reset, multi_output=True, y_numeric=True, **options)
        if y.dtype.kind not in "fiub":
            raise TypeError(f"y must hold numbers, not {y.dtype}")
        return X, y

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train a new network on X, its targets y, (n,) or (n, outputs), and their weights (n,)."""
        X, y = self._samples(X, y, reset=True)
        X, y, weights = distinct(X, y, sample_weight)
        return self._begin(X, y, weights)._train(X, self._targets(y), weights)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """One epoch more on these samples. The first call sets the scale of X and y."""
        first = not hasattr(self, "network_")
        X, y = self._samples(X, y, reset=first)
        X, y, weights = distinct(X, y, sample_weight)
        if first:
            self._begin(X, y, weights)
        elif y.shape[1:] != self._shape:
            raise ValueError(
                f"y must have {self.network_.output_shape[0]} outputs, as in the first fit, not {shown(y.shape)}"
            )
        return self._train(X, self._targets(y), weights, once=True)

    def _begin(self, X: Array, y: Array, weights: Array | None) -> Self:
        self._shape: tuple[int, ...] = y.shape[1:]
        with np.errstate(over="ignore", invalid="ignore"):
            self._mean, self._scale = mean_and_deviation(y, weights)
        if not np.isfinite(self._scale).all():
            raise ValueError("y must hold numbers whose squares float64 can hold; divide it by a number")
        self._start(X, y[0].size, MeanSquaredError(), weights)
        return self

    def _targets(self, y: Array) -> Array:
        """y with the mean 0 and the deviation 1, a row for each sample."""
        scaled: Array = ((y - self._mean) / self._scale).reshape(len(y), -1)
        return scaled

    def predict(self, X: Any) -> Array:
        """What y would be: (n,) or (n, outputs), float64."""
        outputs: Array = self._outputs(X).reshape(-1, *self._shape)
        predicted: Array = outputs * self._scale + self._mean
        return predicted
