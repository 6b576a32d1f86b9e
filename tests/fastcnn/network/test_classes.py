"""A network says what its outputs are, and what reads digits takes no other."""

import numpy as np
import pytest

from fastcnn import Recognizer, load_network, paper_network
from fastcnn.errors import FastcnnError
from fastcnn.layers import Affine, Flatten
from fastcnn.network.committee import Committee
from fastcnn.network.sequential import Sequential
from fastcnn.zoo.networks import deep_network

CLOTHES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


def clothes(seed=0):
    return Sequential([Flatten(), Affine(10)], seed=seed, classes=CLOTHES)


def test_ten_outputs_without_names_are_the_digits():
    assert paper_network().classes == deep_network().classes == tuple("0123456789")
    assert Sequential([Flatten(), Affine(3)]).classes == ("0", "1", "2")


def test_digits_are_not_written_and_other_classes_are(tmp_path):
    assert "classes" not in paper_network().describe()
    assert "classes" not in Sequential([Flatten(), Affine(11)]).describe()
    assert "classes" not in Sequential([Flatten(), Affine(10)], classes=list("0123456789")).describe()
    assert clothes().describe()["classes"] == list(CLOTHES)
    clothes().save(tmp_path / "net")
    again = load_network(tmp_path / "net")
    assert again.classes == again.copy().classes == CLOTHES
    again.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "net").read_bytes()


def test_a_network_of_clothes_is_no_recognizer_of_digits(tmp_path):
    path = tmp_path / "clothes.safetensors"
    clothes().save(path)
    with pytest.raises(FastcnnError, match=r"holds a network .*other classes \(T-shirt, .*give the weights of a digit"):
        Recognizer(path)
    Committee([clothes(1), clothes(2)]).save(path)
    with pytest.raises(FastcnnError, match="other classes"):
        Recognizer(path)
    network = clothes()
    network.classes = tuple("0123456789")
    network.save(path)
    assert Recognizer(path).network.classes == tuple("0123456789")


def test_members_of_a_committee_name_the_same_classes():
    assert Committee([clothes(1), clothes(2)]).classes == CLOTHES
    with pytest.raises(ValueError, match="a committee's members must name their classes alike"):
        Committee([clothes(), Sequential([Flatten(), Affine(10)])])


@pytest.mark.parametrize(
    ("classes", "error", "message"),
    [
        ("0123456789", TypeError, "classes must be a list"),
        (10, TypeError, "classes must be a list"),
        (list(range(10)), TypeError, "classes must be a list"),
        (np.array(CLOTHES), TypeError, "classes must be a list"),
        (CLOTHES[:9], ValueError, "a name for each of the 10 outputs, not 9"),
        ((*CLOTHES[:9], "bag"), ValueError, "different names"),
        ((*CLOTHES[:9], ""), ValueError, "different names"),
        ((*CLOTHES[:9], "a\nb"), ValueError, "printable"),
    ],
)
def test_wrong_classes_are_refused(classes, error, message):
    with pytest.raises(error, match=message) as caught:
        Sequential([Flatten(), Affine(10)], classes=classes)
    assert len(str(caught.value)) <= 200
    network = clothes()
    with pytest.raises(error, match=message):
        network.classes = classes
    assert network.classes == CLOTHES
