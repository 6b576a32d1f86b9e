"""PyTorch's networks come in through ONNX, from both of its exporters, with PyTorch's answers, and go on training."""

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("onnx")
from torch import nn  # noqa: E402

from fastcnn import Trainer, optim  # noqa: E402
from fastcnn.errors import FastcnnError  # noqa: E402
from fastcnn.network.losses import softmax  # noqa: E402
from fastcnn.onnx import load  # noqa: E402

pytestmark = pytest.mark.torch
BATCHES = (1, 7, 256)


class Block(nn.Module):
    """Two convolutions and what goes past them."""

    def __init__(self, channels):
        super().__init__()
        self.first, self.norm = nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return torch.relu(x + self.second(torch.relu(self.norm(self.first(x)))))


class Branches(nn.Module):
    """Two branches side by side, a mean over the pixels, and a shape that is computed."""

    def __init__(self):
        super().__init__()
        self.one, self.other = nn.Conv2d(1, 4, 3, padding="same"), nn.Conv2d(1, 6, 5, padding=2, groups=1)
        self.last = nn.Linear(10, 10)

    def forward(self, x):
        both = torch.cat([nn.functional.silu(self.one(x)), self.other(x)], dim=1)
        return self.last(both.mean(dim=(2, 3)).view(x.size(0), -1))


class Normalized(nn.Module):
    """Pictures that are normalised, and features in a computed shape."""

    def __init__(self):
        super().__init__()
        self.conv, self.last = nn.Conv2d(1, 4, 3, stride=2), nn.Linear(676, 10)

    def forward(self, x):
        x = nn.functional.gelu(self.conv((x - 0.13) / 0.3))
        return nn.functional.log_softmax(self.last(x.view(x.size(0), -1)), dim=1)


NETWORKS = {
    "small": lambda: nn.Sequential(
        nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.2), nn.Flatten(), nn.Linear(1152, 20), nn.SiLU(),
        nn.Linear(20, 10),
    ),
    "residual": lambda: nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1), Block(8), nn.LeakyReLU(0.1), nn.AvgPool2d(3, 2, 1), nn.GELU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10), nn.Softmax(1),
    ),
    "features": lambda: nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.GELU(approximate="tanh"), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(2704, 10),
        nn.BatchNorm1d(10),
    ),
    "depthwise": lambda: nn.Sequential(
        nn.ZeroPad2d((1, 2, 0, 1)), nn.Conv2d(1, 8, 3, stride=2), nn.Conv2d(8, 8, 3, groups=8, dilation=2), nn.PReLU(),
        nn.MaxPool2d(3, 2, 1, ceil_mode=True), nn.Flatten(), nn.Linear(288, 10),
    ),
    "rounded up": lambda: nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.AvgPool2d(3, 2, ceil_mode=True, count_include_pad=False), nn.Flatten(),
        nn.Linear(784, 10),
    ),
    "branches": Branches,
    "normalised": Normalized,
}  # fmt: skip


def exported(model, path, exporter, version=18):
    images = torch.randn(2, 1, 28, 28)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # each of the two exporters says something about the other
        if exporter == "newer":
            pytest.importorskip("onnxscript", reason="PyTorch's newer exporter needs onnxscript")
            shapes = {"dynamic_shapes": ({0: torch.export.Dim("N")},)}
            torch.onnx.export(model, (images,), path, dynamo=True, external_data=False, verbose=False, **shapes)
        else:
            names = {"input_names": ["x"], "dynamic_axes": {"x": {0: "N"}}}
            torch.onnx.export(model, (images,), path, dynamo=False, opset_version=version, **names)


@pytest.mark.parametrize("exporter", ["older", "newer"])
@pytest.mark.parametrize("name", NETWORKS)
def test_pytorchs_network_gives_pytorchs_answers_and_trains_further(name, exporter, tmp_path):
    torch.manual_seed(0)
    model = NETWORKS[name]().eval()
    path = tmp_path / "net.onnx"
    exported(model, path, exporter)
    network = load(path)
    for count in BATCHES:
        images = torch.randn(count, 1, 28, 28)
        answers = network.forward(images.numpy())
        expected = model(images).detach().numpy()
        if name == "normalised":  # the logarithms of shares become logits
            expected = np.exp(expected)
        shares = name in ("residual", "normalised")
        np.testing.assert_allclose(softmax(answers) if shares else answers, expected, rtol=0, atol=1e-5)
    trainer = Trainer(network, optim.Adam(0.001))
    batch, labels = np.random.default_rng(0).random((20, 1, 28, 28), dtype=np.float32), np.arange(20) % 10
    losses = [trainer.step(batch, labels) for _ in range(8)]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("version", [9, 11, 13, 17, 20])
def test_files_of_every_age_come_in(version, tmp_path):
    """GELU is five nodes in the older ones."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.GELU(), nn.ReLU(), nn.Flatten(), nn.Linear(2704, 10)).eval()
    exported(model, tmp_path / "net.onnx", "older", version)
    images = torch.randn(7, 1, 28, 28)
    answers = load(tmp_path / "net.onnx").forward(images.numpy())
    np.testing.assert_allclose(answers, model(images).detach().numpy(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("layer", [nn.Hardswish(), nn.ReLU6(), nn.Tanh(), nn.ELU(), nn.Mish(), nn.Softplus()], ids=str)
def test_an_activation_that_no_layer_computes_is_named(layer, tmp_path):
    model = nn.Sequential(nn.Conv2d(1, 4, 3), layer, nn.Flatten(), nn.Linear(2704, 10)).eval()
    exported(model, tmp_path / "net.onnx", "older")
    with pytest.raises(FastcnnError, match=r"^net.onnx cannot become a network: node '.+' \(\w+\): "):
        load(tmp_path / "net.onnx")
