"""Draw on the canvas as the benchmarks do, and a stroke that only tests draw."""

from fastcnn.bench.window.window import SEVEN, draw

__all__ = ["ONE", "SEVEN", "draw"]

ONE = [(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]
