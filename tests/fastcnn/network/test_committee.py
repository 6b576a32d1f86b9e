"""Committee: the mean of its members' probabilities, one file, and nothing that a damaged one gets past."""

import json

import numpy as np
import pytest

from fastcnn import Recognizer, load_network
from fastcnn.errors import FastcnnError
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Flatten, GlobalAvgPool, ReLU
from fastcnn.network.calibration import calibrated
from fastcnn.network.committee import Committee, leader
from fastcnn.network.sequential import Sequential
from fastcnn.storage import read_arrays, write_arrays

TEMPERATURES = (0.5, 1.0, 3.0)


def member(seed, **options):
    return Sequential([Conv2d(2, 3), BatchNorm2d(), ReLU(), Flatten(), Affine(10)], seed=seed, name="small", **options)


@pytest.fixture
def committee():
    members = [member(seed) for seed in range(3)]
    for each, temperature in zip(members, TEMPERATURES, strict=True):
        each.temperature = temperature
    return Committee(members, name="three")


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (7, 1, 28, 28)).astype(np.uint8)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "committee.safetensors"


def expected(committee, images):
    rows = []
    for each, temperature in zip(committee.members, TEMPERATURES, strict=True):
        powers = np.exp(each.forward(images).astype(np.float64) / temperature)
        rows.append(powers / powers.sum(axis=1, keepdims=True))
    return np.mean(rows, axis=0)


def test_probabilities_are_the_mean_of_the_members_at_their_temperatures(committee, images):
    np.testing.assert_allclose(committee.predict_proba(images), expected(committee, images), rtol=1e-5)


def test_logits_give_the_same_probabilities(committee, images):
    np.testing.assert_allclose(calibrated(committee, images), committee.predict_proba(images), rtol=1e-6)


def test_own_temperature_softens(committee, images):
    before = committee.predict_proba(images)
    committee.temperature = 2.0
    roots = np.sqrt(before)
    np.testing.assert_allclose(calibrated(committee, images), roots / roots.sum(axis=1, keepdims=True), rtol=1e-6)


def test_certain_members_give_finite_logits(committee, images):
    for each in committee.members:
        each.temperature = 1e-6
    assert np.isfinite(committee.forward(images)).all()


def test_no_pictures_give_no_rows(committee):
    assert committee.predict_proba(np.empty((0, 1, 28, 28), np.float32)).shape == (0, 10)


def test_saved_committee_comes_back(committee, images, path):
    committee.temperature = 1.25
    committee.save(path)
    found = load_network(path)
    assert isinstance(found, Committee)
    assert (found.name, found.temperature, found.parameter_count) == ("three", 1.25, committee.parameter_count)
    assert (found.input_shape, found.output_shape) == ((1, 28, 28), (10,))
    assert [each.temperature for each in found.members] == list(TEMPERATURES)
    np.testing.assert_array_equal(found.predict_proba(images), committee.predict_proba(images))


def test_copy_is_its_own(committee, images):
    twin = committee.copy()
    before = committee.predict_proba(images)
    twin.members[0].values[:] = 0
    np.testing.assert_array_equal(committee.predict_proba(images), before)
    assert [each.temperature for each in twin.members] == list(TEMPERATURES)


def test_recognizer_reads_with_a_committee(committee, path):
    committee.save(path)
    picture = np.zeros((28, 28), np.uint8)
    picture[4:24, 13:16] = 255
    found = Recognizer(path).recognize(picture)
    field = found.input[np.newaxis, np.newaxis]
    np.testing.assert_allclose(found.probabilities, expected(committee, field)[0], rtol=1e-4)


def test_leader_is_the_network_or_the_first_member(committee):
    assert leader(committee) is committee.members[0]
    assert leader(committee.members[1]) is committee.members[1]


def test_summary_names_the_number_of_members(committee):
    assert committee.summary().startswith("3 networks, each:")
    mixed = Committee([member(0), Sequential([Conv2d(10, 28), GlobalAvgPool()])])
    assert mixed.summary().count("network ") == 2


@pytest.mark.parametrize("count", [0, 1, 17])
def test_too_few_or_too_many_members_are_refused(count):
    with pytest.raises(ValueError, match="2 to 16 members"):
        Committee([member(seed) for seed in range(count)])


def test_members_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match="same shapes"):
        Committee([member(0), member(1, input_shape=(1, 20, 20))])
    with pytest.raises(TypeError, match="must be networks"):
        Committee([member(0), "network"])


def _without_an_array(arrays, metadata):
    del arrays["1/4.bias"]


def _with_an_array_of_nobody(arrays, metadata):
    arrays["3/4.bias"] = arrays["1/4.bias"]


def _with_an_array_in_excess(arrays, metadata):
    arrays["1/5.bias"] = arrays["1/4.bias"]


def _with_a_value_that_is_not_finite(arrays, metadata):
    arrays["2/4.bias"] = np.full(10, np.nan, np.float32)


def _with_a_temperature_too_few(arrays, metadata):
    metadata["temperatures"] = "[1, 1]"


def _with_a_temperature_of_zero(arrays, metadata):
    metadata["temperatures"] = "[1, 0, 1]"


def _without_temperatures(arrays, metadata):
    del metadata["temperatures"]


def _with_one_member(arrays, metadata):
    description = json.loads(metadata["description"])
    metadata["description"] = json.dumps({**description, "members": description["members"][:1]})
    metadata["temperatures"] = "[1]"
    for name in list(arrays):
        if not name.startswith("0/"):
            del arrays[name]


def _with_a_larger_member(arrays, metadata):
    description = json.loads(metadata["description"])
    description["members"][1]["layers"][4]["out_features"] = 10**7
    metadata["description"] = json.dumps(description)


def _with_a_member_that_is_no_network(arrays, metadata):
    description = json.loads(metadata["description"])
    description["members"][1] = 5
    metadata["description"] = json.dumps(description)


def _with_a_name_of_two_lines(arrays, metadata):
    metadata["description"] = json.dumps({**json.loads(metadata["description"]), "name": "a\nb"})


@pytest.mark.parametrize(
    "change",
    [value for name, value in sorted(globals().items()) if name.startswith(("_with_", "_without_"))],
    ids=lambda change: change.__name__.strip("_"),
)
def test_file_of_something_else_is_refused_in_one_sentence(committee, path, change):
    committee.save(path)
    arrays, metadata = read_arrays(path)
    change(arrays, metadata)
    write_arrays(path, arrays, metadata)
    with pytest.raises(FastcnnError, match="holds no network that fastcnn knows") as caught:
        load_network(path)
    assert "\n" not in str(caught.value)


def test_a_changed_byte_is_noticed(committee, path):
    committee.save(path)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(FastcnnError, match="checksum"):
        load_network(path)


def test_values_that_are_not_finite_are_not_saved(committee, path):
    committee.members[1].values[3] = np.inf
    with pytest.raises(FastcnnError, match="not finite"):
        committee.save(path)
    assert not path.exists()
