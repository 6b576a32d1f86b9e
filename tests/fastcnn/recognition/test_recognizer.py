"""Recognizer: pictures in every form, blank pictures, and the words that name a network."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from fastcnn import Recognizer, load_mnist, load_network, optim
from fastcnn.errors import FastcnnError
from fastcnn.handwriting.drawings import Pose, draw
from fastcnn.handwriting.synthesis.digits import synthetic_digits
from fastcnn.handwriting.synthesis.templates import WAYS, parse, smooth
from fastcnn.layers import Affine, Flatten, ReLU
from fastcnn.network.committee import Committee
from fastcnn.network.sequential import Sequential
from fastcnn.recognition.recognizer import POOR
from fastcnn.training.trainer import Trainer
from fastcnn.zoo.bundled import WEIGHTS, UnknownModelError, find_model
from fastcnn.zoo.networks import BUNDLED


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A network that is small and right nine times in ten."""
    (images, labels), _ = load_mnist(normalize=False)
    network = Sequential([Flatten(), Affine(32), ReLU(), Affine(10)], seed=0)
    Trainer(network, optim.Adam(0.003)).fit(images[:5000], labels[:5000], epochs=5, validation=500, progress=False)
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    network.save(path)
    return path


@pytest.fixture(scope="module")
def recognizer(weights):
    return Recognizer(weights, refuse=False)


@pytest.fixture(scope="module")
def digits():
    (images, labels) = load_mnist(normalize=False)[1]
    return images[:200, 0], labels[:200]


def test_digits_are_recognized(recognizer, digits):
    images, labels = digits
    results = recognizer.recognize_many(images)
    assert np.mean([result.digit == label for result, label in zip(results, labels, strict=True)]) > 0.85


def test_result_has_what_the_contract_promises(recognizer, digits):
    result = recognizer.recognize(digits[0][0])
    assert type(result.digit) is int
    assert type(result.confidence) is float
    assert result.probabilities.dtype == np.float32
    assert result.probabilities.shape == (10,)
    assert result.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert result.probabilities.argmax() == result.digit
    assert result.confidence == pytest.approx(result.probabilities.max())
    assert result.input.dtype == np.float32
    assert result.input.shape == (28, 28)
    np.testing.assert_allclose(result.input, digits[0][0] / 255, atol=0.05)


def test_every_form_of_a_picture_gives_the_same_answer(recognizer, digits):
    image = digits[0][0]
    expected = recognizer.recognize(image).probabilities
    for form in (
        255 - image,
        np.repeat(image[:, :, np.newaxis], 3, axis=2),
        Image.fromarray(image),
        Image.fromarray(image).convert("RGB"),
        Image.fromarray(image).convert("RGBA"),
        Image.fromarray(image).convert("P"),
        np.pad(image, ((40, 3), (0, 91))),
        np.asfortranarray(image),
    ):
        np.testing.assert_allclose(recognizer.recognize(form).probabilities, expected, atol=0.02)


def test_size_and_place_hardly_matter(recognizer, digits):
    images, labels = digits
    large = []
    for index, image in enumerate(images):
        canvas = Image.new("L", (500, 400), 255)
        side = 80 + index
        canvas.paste(Image.fromarray(255 - image).resize((side, side)), (index, 200 - index))
        large.append(canvas)
    results = recognizer.recognize_many(large)
    assert np.mean([result.digit == label for result, label in zip(results, labels, strict=True)]) > 0.8


def test_blank_picture_is_no_digit(recognizer):
    result = recognizer.recognize(np.full((60, 50), 255, np.uint8))
    assert result.digit is None
    assert result.confidence == 0.0
    np.testing.assert_array_equal(result.probabilities, np.full(10, 0.1, np.float32))
    np.testing.assert_array_equal(result.input, np.zeros((28, 28), np.float32))


def letter(name):
    image = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(image).text((100, 100), name, 0, ImageFont.load_default(140), "mm")
    return image


def shape(name):
    image = Image.new("L", (200, 200), 0)
    canvas = ImageDraw.Draw(image)
    if name == "square":
        canvas.rectangle((40, 50, 150, 160), outline=255, width=10)
    elif name == "cross":
        canvas.line((30, 30, 170, 170), 255, 12)
        canvas.line((30, 170, 170, 30), 255, 12)
    elif name == "noise":
        return np.random.default_rng(0).integers(0, 256, (100, 100), dtype=np.uint8)
    else:
        corners = [(100 + 80 * np.sin(2.4 * np.pi * k), 100 - 80 * np.cos(2.4 * np.pi * k)) for k in range(6)]
        canvas.line([(float(x), float(y)) for x, y in [corners[2 * k % 5] for k in range(6)]], 255, 8)
    return image


@pytest.mark.parametrize("image", [*map(letter, "AEHKMNWXRk"), *map(shape, ("square", "cross", "noise", "star"))])
def test_what_is_no_digit_is_refused(weights, image):
    result = Recognizer(weights).recognize(image)
    assert result.digit is None
    assert result.confidence == 0.0
    assert result.digit_score < 0.5
    assert result.alternative is None
    assert not result.unsure
    assert result.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert result.input.any()


def test_without_refusal_the_nearest_digit_is_named(recognizer):
    result = recognizer.recognize(letter("W"))
    assert result.digit == result.probabilities.argmax()
    assert result.digit_score < 0.5


@pytest.fixture(scope="module")
def many_digits():
    (images, labels), _ = load_mnist(normalize=False)
    drawn, drawn_labels = synthetic_digits(200, seed=11)
    return np.concatenate([images[:400, 0], drawn[:, 0]]), np.concatenate([labels[:400], drawn_labels])


@pytest.mark.parametrize("digit", range(10))
def test_digits_of_every_kind_are_not_refused(weights, many_digits, digit):
    images, labels = many_digits
    pictures = list(images[labels == digit])
    results = Recognizer(weights).recognize_many([*pictures, letter(str(digit))])
    assert sum(result.digit is None for result in results[:-1]) <= 0.03 * len(pictures)
    assert results[-1].digit is not None
    assert all(result.digit_score >= 0.5 for result in results if result.digit is not None)


def test_part_of_a_string_that_is_no_digit_has_none(digits):
    images, _ = digits
    three = Image.new("L", (360, 120), 0)
    for place, picture in enumerate((Image.fromarray(images[0]), letter("K"), Image.fromarray(images[1]))):
        plane = np.asarray(picture.resize((100, 100)))
        three.paste(Image.fromarray(255 - plane if place == 1 else plane), (10 + 120 * place, 10))
    results = Recognizer("default").recognize_string(three)
    assert [result.digit is None for result in results] == [False, True, False]


def test_many_are_answered_in_order(recognizer, digits):
    blank = np.zeros((28, 28), np.uint8)
    results = recognizer.recognize_many([digits[0][0], blank, digits[0][1]])
    assert results[1].digit is None
    for result, image in ((results[0], digits[0][0]), (results[2], digits[0][1])):
        np.testing.assert_allclose(result.probabilities, recognizer.recognize(image).probabilities, atol=1e-5)


def test_string_is_read_from_left_to_right(recognizer, digits):
    images, _ = digits
    results = recognizer.recognize_string(np.hstack(images[:3]))
    assert [result.digit for result in results] == [recognizer.recognize(image).digit for image in images[:3]]


def test_no_picture_no_answer(recognizer):
    assert recognizer.recognize_many([]) == []


def test_results_do_not_share_memory(recognizer, digits):
    first, second = recognizer.recognize_many(digits[0][:2])
    assert not np.shares_memory(first.probabilities, second.probabilities)
    assert not np.shares_memory(first.input, digits[0])


@pytest.mark.parametrize("image", [np.zeros((28, 28)), np.zeros((2, 2, 5), np.uint8), "digit.png"])
def test_other_things_are_refused(recognizer, image):
    with pytest.raises((TypeError, ValueError), match="image must"):
        recognizer.recognize(image)


def test_names_of_bundled_networks():
    assert find_model("default") == ("default", WEIGHTS / "default.safetensors")
    for name in BUNDLED:
        assert find_model(name)[0] == name


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(UnknownModelError, match="there is no model 'papper'; give one of default, paper, committee"):
        find_model("papper")


def test_file_without_suffix_is_a_path(weights, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").write_bytes(weights.read_bytes())
    assert Recognizer("mine").network.output_shape == (10,)


@pytest.mark.parametrize("options", [{"input_shape": (1, 14, 14)}, {"input_shape": (3, 28, 28)}, {"classes": 7}])
def test_network_for_something_else_is_refused(tmp_path, options):
    classes = options.pop("classes", 10)
    Sequential([Flatten(), Affine(classes)], seed=0, **options).save(tmp_path / "other.safetensors")
    with pytest.raises(FastcnnError, match="give the weights of a digit network"):
        Recognizer(tmp_path / "other.safetensors")


def test_missing_weights(tmp_path):
    with pytest.raises(FastcnnError, match="cannot read"):
        Recognizer(tmp_path / "none.safetensors")


@pytest.mark.skipif(not (WEIGHTS / "paper.safetensors").is_file(), reason="the bundled weights are not here")
def test_bundled_network_knows_digits(digits):
    images, labels = digits
    results = Recognizer().recognize_many(images)
    assert sum(result.digit == label for result, label in zip(results, labels, strict=True)) >= 197


def test_network_itself_is_taken_as_its_file_is(weights, digits):
    network = load_network(weights)
    of_object, of_file = Recognizer(network), Recognizer(weights)
    assert of_object.network is network
    for first, second in zip(*(each.recognize_many(digits[0][:20]) for each in (of_object, of_file)), strict=True):
        np.testing.assert_array_equal(first.probabilities, second.probabilities)
    committee = Committee([network, load_network(weights)])
    assert Recognizer(committee).recognize(digits[0][0]).digit == of_file.recognize(digits[0][0]).digit


def test_what_is_no_network_is_refused(weights):
    for model in (None, 3, np.zeros((3, 3)), Sequential, b"default"):
        with pytest.raises(TypeError, match="model must be a network, or the name or path of one, not ") as raised:
            Recognizer(model)
        assert len(str(raised.value)) <= 200
    wrong = Sequential([Flatten(), Affine(3)])
    with pytest.raises(FastcnnError, match=r"this model holds a network from \(1, 28, 28\) to \(3,\), but digits need"):
        Recognizer(wrong)
    with pytest.raises(TypeError, match="refuse must be True or False, not 'no'"):
        Recognizer(weights, refuse="no")


def test_an_unfinished_drawing_is_not_searched_for_paper(monkeypatch):
    """The window asks after each move of the pen; a search takes five times as long as an answer."""

    def searched(picture):
        raise AssertionError("searched")

    monkeypatch.setattr("fastcnn.handwriting.paper.page.find_page", searched)
    angles = np.linspace(0, 1.2 * np.pi, 60)
    half = np.stack([50 + 40 * np.cos(angles), 50 + 45 * np.sin(angles)], axis=1)
    answer = Recognizer().recognize(draw([half], Pose(0.6, 18.0, 0.5, 0.5)))
    assert answer.confidence * answer.digit_score < POOR  # a picture on paper would be searched


@pytest.mark.parametrize(("digit", "drop"), [(0, -1), (4, -1), (7, -6)])
def test_underlined_digit_on_paper_is_the_digit(digit, drop):
    """The line is little wider than the digit and touches it. With the line a 0 is no digit, and a 7 is a 1."""
    way = parse(WAYS[digit][0])
    strokes = [smooth(points, corners) for points, corners in zip(way.points, way.corners, strict=True)]
    ink = np.pad(draw(strokes, Pose(0.8, 10.0, 0.5, 0.5), 160), 40)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    ink[rows[-1] + drop : rows[-1] + drop + 6, columns[0] - 6 : columns[-1] + 6] = 255
    paper = np.random.default_rng(3).normal(0, 2, ink.shape) + 230 - 0.75 * ink
    assert Recognizer().recognize(np.rint(paper).clip(0, 255).astype(np.uint8)).digit == digit
