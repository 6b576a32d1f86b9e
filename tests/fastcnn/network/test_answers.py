"""Answers that are not finite are an error wherever one is shown, and the sentence says what is wrong."""

import json

import numpy as np
import pytest
from PIL import Image

from fastcnn import Recognizer, load_network, paper_network, storage
from fastcnn.__main__ import main
from fastcnn.errors import FastcnnError
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Flatten
from fastcnn.network import files
from fastcnn.network.answers import NotFiniteError
from fastcnn.network.calibration import calibrated
from fastcnn.network.committee import Committee
from fastcnn.network.sequential import Sequential
from fastcnn.optim import SGD
from fastcnn.training.trainer import Trainer, TrainingError
from tests.kernels.checks import running

UNUSABLE = "this network's answers are no numbers: its weights are unusable, choose another network"


def overflowing():
    network = paper_network(seed=0)
    network.values[:] = 3e38
    return network


def with_nan():
    network = paper_network(seed=0)
    network.values[7] = np.nan
    return network


def five_views():
    network = overflowing()
    network.views = 5
    return network


def pictures(n=3):
    return np.random.default_rng(0).random((n, 1, 28, 28), dtype=np.float32)


@pytest.mark.parametrize("backend", ["cpu", "reference"])
@pytest.mark.parametrize("make", [overflowing, with_nan, five_views])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_weights_that_give_no_numbers_are_an_error(make, backend, dtype):
    images = pictures() if dtype == np.float32 else np.full((3, 1, 28, 28), 200, np.uint8)
    with running(backend):
        network = make()
        for show in (network.forward, network.predict_proba, lambda images: calibrated(network, images)):
            with pytest.raises(NotFiniteError, match=UNUSABLE):
                show(images)


def test_one_member_spoils_a_committee():
    committee = Committee([paper_network(seed=1), overflowing()])
    for show in (committee.forward, committee.predict_proba, lambda images: calibrated(committee, images)):
        with pytest.raises(NotFiniteError, match=UNUSABLE):
            show(pictures())


def test_the_error_is_the_packages_and_a_value_error():
    assert issubclass(NotFiniteError, FastcnnError) and issubclass(NotFiniteError, ValueError)


@pytest.mark.parametrize("count", [1, 300])
def test_pictures_are_named_by_their_number(count):
    images = pictures(count)
    images[-1, 0, 5, 5] = np.nan
    for show in (
        paper_network(seed=0).predict_proba,
        with_nan().predict_proba,
        Committee([paper_network()] * 2).forward,
    ):
        with pytest.raises(ValueError, match=f"images hold NaN, first in picture {count - 1}"):
            show(images)


def test_of_five_views_the_picture_is_named():
    images = pictures()
    images[1, 0, 5, 5] = np.inf
    network = paper_network(seed=0)
    network.views = 5
    with pytest.raises(ValueError, match="images hold infinity, first in picture 1"):
        calibrated(network, images)


def test_a_recognizer_gives_no_digit_with_the_confidence_nan(tmp_path):
    path = tmp_path / "net.safetensors"
    overflowing().save(path)
    drawing = np.zeros((28, 28), np.uint8)
    drawing[5:22, 12:15] = 255
    recognizer = Recognizer(path)
    with pytest.raises(NotFiniteError, match=UNUSABLE):
        recognizer.recognize(drawing)


@pytest.mark.parametrize("string", [[], ["--string"]])
def test_the_command_line_tells_it_in_one_line(string, tmp_path, capsys):
    network, picture = tmp_path / "net.safetensors", tmp_path / "one.png"
    overflowing().save(network)
    paper = np.full((60, 60), 255, np.uint8)
    paper[10:50, 28:33] = 0
    Image.fromarray(paper).save(picture)
    assert main(["predict", str(picture), "--model", str(network), *string]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"fastcnn: {UNUSABLE}\n"


def test_a_temperature_that_overflows_is_an_error():
    network = paper_network(seed=0)
    network.temperature = 1e-39
    with pytest.raises(NotFiniteError, match="no numbers"):
        calibrated(network, pictures())


def test_a_training_stops_where_the_validation_pictures_get_no_numbers():
    images, labels = np.zeros((20, 1, 28, 28), np.uint8), np.arange(20) % 10
    network = Sequential([Flatten(), Affine(10)], seed=0)
    trainer = Trainer(network, SGD(1e-9))
    trainer.fit(images, labels, epochs=1, validation=5, progress=False)
    images[trainer.held_out] = 255
    network.parameters["1.weight"].assign(np.full((784, 10), 3e38))  # no part in the answers to black pictures
    with pytest.raises(TrainingError, match="the network's answers are no longer finite after epoch 1; a lower"):
        trainer.fit(images, labels, epochs=1, validation=5, progress=False)


def test_no_pictures_give_no_answers():
    assert with_nan().predict_proba(np.empty((0, 1, 28, 28), np.float32)).shape == (0, 10)


def normalising():
    layers = [Conv2d(3, 3), BatchNorm2d(), Flatten(), Affine(10)]
    return Sequential(layers, input_shape=(1, 6, 5), seed=0)


def test_a_negative_running_variance_is_refused_at_loading(tmp_path):
    network, path = normalising(), tmp_path / "net"
    state = network.state_arrays()
    state["1.running_var"][2] = -1e-3
    with pytest.raises(ValueError, match=r"1\.running_var holds values below 0"):
        network.load_state_arrays(state)
    assert (network.buffers >= 0).all()
    storage.write_arrays(path, state, {"format": files.FORMAT, "description": json.dumps(network.describe())})
    with pytest.raises(FastcnnError, match=r"1\.running_var holds values below 0"):
        load_network(path)
