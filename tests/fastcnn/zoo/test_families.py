"""resnet and vgg: their layers as published, pictures of any size, a training, and what cannot be made."""

import numpy as np
import pytest

from fastcnn import Trainer, load_network, optim
from fastcnn.layers import Residual
from fastcnn.zoo.families import resnet, vgg


@pytest.mark.parametrize(("depth", "parameters"), [(20, 272_474), (32, 466_906), (44, 661_338), (56, 855_770)])
def test_resnet_has_the_papers_size(depth, parameters):
    """0.27, 0.46, 0.66 and 0.85 million in the paper's table 6, for its CIFAR-10 pictures: by hand with projections.

    Convolutions 3x3 and batch norm: 432 + 32 for the first; a block of w channels has 18 w w + 4 w; one that doubles
    them to w has 13.5 w w + 4 w, and its shortcut w w / 2 + 2 w; the Affine 650.
    """
    n = (depth - 2) // 6
    blocks = n * sum(18 * w * w + 4 * w for w in (16, 32, 64)) - sum(18 * w * w // 4 for w in (32, 64))
    shortcuts = sum(w * w // 2 + 2 * w for w in (32, 64))
    network = resnet(depth, 16, input_shape=(3, 32, 32), seed=0)
    assert sum(each.size for each in network.parameters.values()) == 464 + blocks + shortcuts + 650 == parameters
    assert sum(isinstance(layer, Residual) for layer in network.layers) == 3 * n
    assert network.output_shape == (10,)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 7, 5), (2, 1, 1), (4, 1, 9)])
def test_pictures_of_any_size_and_channels(shape, tmp_path):
    rng = np.random.default_rng(0)
    for network in (resnet(8, 3, input_shape=shape, classes=4, seed=1), vgg([4, 5], input_shape=shape, classes=4)):
        images = rng.random((4, *shape), np.float32)
        assert network.forward(images).shape == (4, 4)
        Trainer(network, optim.Adam(0.01)).step(images, np.arange(4))
        network.save(tmp_path / "net")
        np.testing.assert_array_equal(load_network(tmp_path / "net").forward(images), network.forward(images))


def test_vgg_by_hand():
    """3x3 convolutions without bias, batch norm: 9 * 1 * 4 + 8, 9 * 4 * 6 + 12; 6 * 10 + 10 for the Affine."""
    network = vgg([4, "pool", 6, "pool"], seed=0)
    assert [type(layer).__name__ for layer in network.layers] == [
        *("Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d"),
        *("GlobalAvgPool", "Affine"),
    ]
    assert network.layers[-2].in_shape == (6, 7, 7)
    assert sum(each.size for each in network.parameters.values()) == 44 + 228 + 70


def test_a_small_one_learns():
    """Half of the pictures are brighter on the left."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    pictures = rng.random((200, 1, 8, 8), np.float32)
    pictures[labels == 1, :, :, :4] += 0.5
    network = resnet(8, 4, input_shape=(1, 8, 8), classes=2, seed=0)
    trainer = Trainer(network, optim.Adam(0.01))
    for _ in range(30):
        trainer.step(pictures, labels)
    assert (network.forward(pictures).argmax(axis=1) == labels).mean() > 0.95


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: resnet(9, 16), "depth must be 6 n"),
        (lambda: resnet(2, 16), "depth must lie between 8"),
        (lambda: resnet(8, 0), "width must lie between 1"),
        (lambda: resnet(8, 4, input_shape=(1, 28)), "input_shape must be"),
        (lambda: resnet(8, 4, classes=0), "classes must lie between 1"),
        (lambda: vgg([]), "widths must be a list"),
        (lambda: vgg([16, "pol"]), 'widths must hold channels and "pool"'),
        (lambda: vgg([16, 0]), "widths must lie between 1"),
        (lambda: vgg([8, "pool"] * 5, input_shape=(1, 28, 40)), "5 pools leave nothing of pictures of 28 pixels"),
        (lambda: vgg([8, "pool"], input_shape=(1, 1, 4)), "give at most 0"),
    ],
)
def test_what_cannot_be_made_is_one_sentence(make, said):
    with pytest.raises((TypeError, ValueError), match=said) as caught:
        make()
    assert len(str(caught.value)) <= 200
