"""The networks in the package: each is what its recipe makes, and reads pictures that it has not seen."""

import numpy as np
import pytest

from fastcnn import Recognizer, load_mnist, load_network
from fastcnn.handwriting.drawings import Pose, draw
from fastcnn.handwriting.synthesis.digits import synthetic_digits
from fastcnn.handwriting.synthesis.templates import WAYS, parse, smooth
from fastcnn.network.calibration import calibrated
from fastcnn.network.committee import Committee, leader
from fastcnn.zoo.bundled import WEIGHTS
from fastcnn.zoo.networks import BUNDLED, COMMITTEE, COMMITTEE_OF, NAMED
from fastcnn.zoo.recipes import BUNDLED_RECIPES

UNSEEN_SEED = 9_999
pytestmark = pytest.mark.parametrize("name", BUNDLED)


def test_layers_are_those_of_its_recipe(name):
    network = load_network(WEIGHTS / f"{name}.safetensors")
    made_by = COMMITTEE_OF if name == COMMITTEE else name
    assert made_by in BUNDLED_RECIPES
    expected = NAMED[made_by].make(seed=0).describe() | {"name": made_by, "views": BUNDLED_RECIPES[made_by].views}
    assert leader(network).describe() == expected
    assert isinstance(network, Committee) == (name == COMMITTEE)


@pytest.fixture(scope="module")
def unseen():
    return synthetic_digits(210, seed=UNSEEN_SEED)


def test_reads_pen_digits_that_it_has_not_seen(name, unseen):
    images, labels = unseen
    answers = calibrated(Recognizer(name).network, images).argmax(axis=1)
    assert (answers == labels).mean() > 0.96


def test_reads_training_pictures(name):
    (images, labels), _ = load_mnist(normalize=False)
    answers = calibrated(Recognizer(name).network, images[:300]).argmax(axis=1)
    assert (answers == labels[:300]).mean() > 0.99


@pytest.mark.parametrize("pose", [Pose(0.9, 20, 0.5, 0.5), Pose(0.3, 8, 0.1, 0.9, 5.0)], ids=["large", "small"])
def test_reads_a_drawing_of_each_digit(name, pose):
    ways = {digit: parse(texts[0]) for digit, texts in WAYS.items()}
    canvases = [
        draw([smooth(points, corners) for points, corners in zip(way.points, way.corners, strict=True)], pose)
        for way in ways.values()
    ]
    results = Recognizer(name).recognize_many(canvases)
    assert [result.digit for result in results] == list(ways)
    assert min(result.confidence for result in results) > 0.8
    np.testing.assert_allclose([result.probabilities.sum() for result in results], 1, atol=1e-5)


def test_committee_is_of_the_default_networks(name):
    """Its first member is the default network itself: the same seed, the same training."""
    if name != COMMITTEE:
        return
    committee = load_network(WEIGHTS / f"{name}.safetensors")
    alone = load_network(WEIGHTS / f"{COMMITTEE_OF}.safetensors")
    assert isinstance(committee, Committee)
    assert len(committee.members) == NAMED[name].members
    np.testing.assert_array_equal(committee.members[0].values, leader(alone).values)
    assert committee.members[0].temperature == alone.temperature
    assert len({member.values.tobytes() for member in committee.members}) == NAMED[name].members
