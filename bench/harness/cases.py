"""The named shapes that are measured: 24 convolutions of real networks, from LeNet to VGG."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """One square convolution: (batch, channels, side, side) to (batch, filters, out_side, out_side)."""

    family: str
    batch: int
    channels: int
    filters: int
    side: int
    kernel: int
    stride: int = 1
    padding: int = 0

    @property
    def name(self) -> str:
        step = f"/{self.stride}" if self.stride > 1 else ""
        return f"{self.kernel}x{self.kernel}{step} {self.channels}->{self.filters} on {self.side}"

    @property
    def out_side(self) -> int:
        return (self.side + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def input_shape(self) -> tuple[int, int, int]:
        return self.channels, self.side, self.side

    @property
    def output_shape(self) -> tuple[int, int, int]:
        return self.filters, self.out_side, self.out_side

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        return self.filters, self.channels, self.kernel, self.kernel

    @property
    def flop(self) -> int:
        """FLOP of forward for one batch: two for each multiply-add. Each gradient takes as many."""
        return 2 * self.batch * self.out_side**2 * self.filters * self.channels * self.kernel**2


LAYERS = (
    Layer("LeNet", 100, 1, 6, 28, 5, padding=2),
    Layer("LeNet", 100, 6, 16, 14, 5),
    Layer("LeNet", 100, 16, 120, 5, 5),
    Layer("paper", 100, 1, 30, 28, 5),
    Layer("VGG", 32, 1, 32, 28, 3, padding=1),
    Layer("VGG", 32, 32, 32, 28, 3, padding=1),
    Layer("VGG", 32, 32, 64, 28, 3, padding=1),
    Layer("VGG", 32, 64, 64, 28, 3, padding=1),
    Layer("VGG", 32, 32, 64, 14, 3, padding=1),
    Layer("VGG", 32, 64, 64, 14, 3, padding=1),
    Layer("VGG", 32, 64, 128, 14, 3, padding=1),
    Layer("VGG", 32, 128, 128, 14, 3, padding=1),
    Layer("VGG", 32, 64, 128, 7, 3, padding=1),
    Layer("VGG", 32, 128, 128, 7, 3, padding=1),
    Layer("1x1", 32, 32, 64, 28, 1),
    Layer("1x1", 32, 64, 128, 14, 1),
    Layer("1x1", 32, 128, 128, 7, 1),
    Layer("stride 2", 32, 32, 64, 28, 3, stride=2, padding=1),
    Layer("stride 2", 32, 64, 128, 14, 3, stride=2, padding=1),
    Layer("stride 2", 32, 64, 128, 28, 1, stride=2),
    Layer("5x5", 32, 32, 32, 28, 5, padding=2),
    Layer("5x5", 32, 32, 64, 14, 5, padding=2),
    Layer("large", 16, 64, 64, 56, 3, padding=1),
    Layer("large", 16, 64, 64, 56, 1),
)


@dataclass(frozen=True)
class Pool:
    """One max-pool of (batch, channels, side, side)."""

    batch: int
    channels: int
    side: int
    kernel: int
    stride: int
    padding: int = 0

    @property
    def name(self) -> str:
        return f"{self.kernel}x{self.kernel}/{self.stride} of {self.channels} on {self.side}"


POOLS = (Pool(100, 30, 24, 2, 2), Pool(32, 64, 28, 2, 2), Pool(32, 64, 27, 3, 2, 1), Pool(32, 128, 14, 2, 2))
