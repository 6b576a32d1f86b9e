"""Two numbers of the digits: how many classes there are, and the side of a picture."""

from __future__ import annotations

SIDE_PX = 28
CLASSES = 10
