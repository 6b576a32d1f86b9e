"""PyTorch's networks come in through ONNX, with PyTorch's answers."""

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("onnx")
from torch import nn  # noqa: E402

from fastcnn.network.losses import softmax  # noqa: E402
from fastcnn.onnx import load  # noqa: E402

pytestmark = pytest.mark.torch


class Block(nn.Module):
    """Two convolutions and what goes past them."""

    def __init__(self, channels):
        super().__init__()
        self.first, self.norm = nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return torch.relu(x + self.second(torch.relu(self.norm(self.first(x)))))


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
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_pytorchs_network_gives_pytorchs_answers(name, tmp_path):
    torch.manual_seed(0)
    model = NETWORKS[name]().eval()
    images = torch.randn(4, 1, 28, 28)
    path = tmp_path / "net.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the older exporter needs no other package, and says that it is older
        torch.onnx.export(
            model, (images,), path, dynamo=False, opset_version=20, dynamic_axes={"x": {0: "N"}}, input_names=["x"]
        )
    network = load(path)
    answers = network.forward(images.numpy())
    expected = model(images).detach().numpy()
    np.testing.assert_allclose(softmax(answers) if name == "residual" else answers, expected, rtol=0, atol=1e-5)
