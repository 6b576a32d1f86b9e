"""The digits' two numbers: how many classes there are, and how large a picture of one is."""

from __future__ import annotations

SIDE_PX = 28
CLASSES = 10
