"""What a notebook or a prompt shows of each public object: short text, well-formed HTML, never hundreds of numbers."""

from __future__ import annotations

import pickle
from xml.etree import ElementTree

import numpy as np
import pytest

import fastcnn
from fastcnn import Recognizer, Sequential, Trainer, layers, load_mnist, metrics, optim, paper_network
from fastcnn.checking.report import Kernel, Miss, Report
from fastcnn.data.dataset import DataSet
from fastcnn.network.committee import Committee
from fastcnn.recognition.picture_classifier import PictureClassifier

HOSTILE = "<script>alert(1)</script>"
MOST_CHARACTERS = 2_500
MOST_NUMBERS = 100


@pytest.fixture(scope="module")
def objects():
    """One of each, by name."""
    (images, labels), _ = load_mnist(normalize=False)
    network = Sequential(
        [layers.Conv2d(2, 3), layers.Flatten(), layers.Affine(10)], seed=0, name=HOSTILE, preparation="resize",
        classes=[HOSTILE, *"abcdefghi"],
    )  # fmt: skip
    trainer = Trainer(network, optim.SGD(0.01))
    recognizer = Recognizer("paper")
    pair = np.concatenate([images[0, 0], images[1, 0]], axis=1)
    picture = np.pad(pair, 4)
    return {
        "network": network,
        "committee": Committee([network.copy(), network.copy()]),
        "recognizer": recognizer,
        "recognition": recognizer.recognize(images[0, 0]),
        "blank": recognizer.recognize(np.zeros((28, 28), np.uint8)),
        "string": recognizer.recognize_string(picture),
        "history": trainer.fit(images[:40], labels[:40], epochs=2, batch_size=20, progress=False),
        "scores": network.evaluate(images[:40], labels[:40]),
        "evaluation": metrics.evaluate(np.eye(10)[labels[:40]], labels[:40]),
        "summary": network.summary(),
        "plan": network.plan(20),
        "profile": network.profile(images[:4], seconds=0.01),
        "traced": network.trace(images[:1])[0],
        "data": DataSet(images[:40], labels[:40].astype(np.int64), tuple("0123456789"), test=(images[:2], labels[:2])),
        "classification": PictureClassifier(network).classify(images[0, 0]),
        "classifier": PictureClassifier(network),
        "report": Report("cpu", 2, 1.0, [Kernel("conv2d", 3, 0.5)], [Miss("conv2d", f"x (2, 3), {HOSTILE}", 2.0)]),
    }


NAMES = (
    *("network", "committee", "recognizer", "recognition", "blank", "string", "history", "scores", "evaluation"),
    *("summary", "plan", "profile", "traced", "data", "classification", "classifier", "report"),
)
WITHOUT_PAGE = ("evaluation", "traced", "data", "classification")


def test_each_object_is_in_the_list(objects):
    assert tuple(objects) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_text_is_short_and_holds_no_arrays(name, objects):
    text = repr(objects[name])
    assert len(text) <= MOST_CHARACTERS and "array(" not in text and " object at 0x" not in text
    assert sum(word.strip("[](),").replace(".", "").isdigit() for word in text.split()) <= MOST_NUMBERS


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITHOUT_PAGE])
def test_the_page_is_well_formed_and_harmless(name, objects):
    root = ElementTree.fromstring(objects[name]._repr_html_())
    assert "script" not in {each.tag.split("}")[-1] for each in root.iter()}
    numbers = ["".join(each.itertext()) for each in root.iter("td")]
    assert len(numbers) <= MOST_NUMBERS


def test_a_recognition_shows_its_picture(objects):
    """The PNG has the numbers of the input, and no more than its 28 x 28 pixels."""
    import base64
    import io

    from PIL import Image

    root = ElementTree.fromstring(objects["recognition"]._repr_html_())
    (shown,) = root.iter("img")
    data = base64.b64decode(shown.get("src").partition("base64,")[2])
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    np.testing.assert_array_equal(pixels, np.round(objects["recognition"].input * 255).astype(np.uint8))
    assert len(list(root.iter("tr"))) == 10
    assert len(list(ElementTree.fromstring(objects["string"]._repr_html_()).iter("img"))) == len(objects["string"])


def test_a_table_stays_text(objects):
    table = objects["summary"]
    assert isinstance(table, str) and repr(table) == str(table) == table
    assert pickle.loads(pickle.dumps(table)) == table


def test_confusions_are_plotted(objects, tmp_path):
    for name in ("scores", "evaluation"):
        figure = objects[name].plot_confusion()
        (panel,) = figure.axes
        shown = {(text.get_position()[1], text.get_position()[0]): int(text.get_text()) for text in panel.texts}
        confusion = objects[name].confusion
        assert shown == {(row, column): confusion[row, column] for row, column in np.argwhere(confusion).tolist()}
        assert (panel.get_xlabel(), panel.get_ylabel()) == ("answer", "class")
        figure.savefig(tmp_path / "confusion.png")
    names = [label.get_text() for label in objects["scores"].plot_confusion().axes[0].get_yticklabels()]
    assert names == [HOSTILE[:12], *"abcdefghi"]


def test_a_figure_is_a_picture_in_a_notebook(objects):
    assert objects["history"].plot()._repr_png_().startswith(b"\x89PNG")


def test_many_classes_are_plotted_without_numbers():
    confusion = np.eye(60, dtype=np.int64)
    figure = metrics.Evaluation(60, 1.0, 1.0, (1.0,) * 60, confusion, 0.0, 0.0).plot_confusion()
    assert not figure.axes[0].texts and len(figure.axes[0].get_yticklabels()) < 20


@pytest.mark.parametrize(
    "module", [fastcnn, fastcnn.layers, fastcnn.optim, fastcnn.losses, fastcnn.kernels, fastcnn.callbacks,
               fastcnn.schedules, fastcnn.threads], ids=lambda module: module.__name__,
)  # fmt: skip
def test_completion_offers_public_names_only(module):
    extras = {"onnx", "sklearn"} if module is fastcnn else set()
    assert set(dir(module)) == set(module.__all__) | extras


def test_a_network_of_the_paper_fits_on_a_page():
    assert len(paper_network(seed=0)._repr_html_()) < 10_000
