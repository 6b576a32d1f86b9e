"""Keras's networks come in through ONNX, give Keras's answers for channels last, and go on training."""

import os
import warnings

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="Keras is not installed")
pytest.importorskip("tf2onnx", reason="Keras writes ONNX files by tf2onnx")
pytest.importorskip("onnx")
from keras import layers  # noqa: E402

from fastcnn import Trainer, optim  # noqa: E402
from fastcnn.network.losses import softmax  # noqa: E402
from fastcnn.onnx import load  # noqa: E402

pytestmark = pytest.mark.rivals
BATCHES = (1, 7, 256)


def residual():
    x = given = keras.Input((28, 28, 1))
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    inner = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    x = layers.Add()([x, layers.Conv2D(8, 3, padding="same")(inner)])
    x = layers.Concatenate()([layers.LeakyReLU(0.1)(x), layers.AveragePooling2D(3, 1, padding="same")(x)])
    return keras.Model(given, layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


NETWORKS = {
    "small": lambda: keras.Sequential(
        [
            keras.Input((28, 28, 1)), layers.Conv2D(8, 5, activation="relu"), layers.MaxPooling2D(),
            layers.Dropout(0.2), layers.Flatten(), layers.Dense(20, activation="gelu"), layers.Dense(10),
        ]
    ),
    "three channels": lambda: keras.Sequential(
        [
            keras.Input((12, 10, 3)), layers.Rescaling(2.0, -1.0), layers.ZeroPadding2D(((0, 1), (2, 1))),
            layers.Conv2D(6, 3, strides=2, activation="silu"), layers.DepthwiseConv2D(3, padding="same"),
            layers.BatchNormalization(), layers.Flatten(), layers.BatchNormalization(), layers.Dense(10),
        ]
    ),
    "without convolutions": lambda: keras.Sequential(
        [keras.Input((28, 28)), layers.Flatten(), layers.Dense(32, activation="relu"), layers.Dense(10)]
    ),
    "residual": residual,
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_keras_network_gives_keras_answers_and_trains_further(name, tmp_path):
    keras.utils.set_random_seed(0)
    model = NETWORKS[name]()
    rng = np.random.default_rng(0)
    model.set_weights([np.abs(each + rng.uniform(-0.1, 0.1, each.shape)) if each.ndim == 1 else each
                       for each in model.get_weights()])  # fmt: skip
    shape, path = model.input_shape[1:], tmp_path / "net.onnx"
    model(np.zeros((1, *shape), np.float32))  # Keras exports a model that was called
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.export(path, format="onnx", verbose=False)
    network = load(path)
    for count in BATCHES:
        images = rng.random((count, *shape), dtype=np.float32)
        given = images if len(shape) == 3 else images[..., np.newaxis]
        answers, expected = network.forward(given, layout="NHWC"), np.asarray(model(images))
        np.testing.assert_allclose(softmax(answers) if name == "residual" else answers, expected, rtol=0, atol=1e-5)
    trainer = Trainer(network, optim.Adam(0.001))
    batch, labels = rng.random((20, *network.input_shape), dtype=np.float32), np.arange(20) % 10
    losses = [trainer.step(batch, labels) for _ in range(8)]
    assert losses[-1] < losses[0]
