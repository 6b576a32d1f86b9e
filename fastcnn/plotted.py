"""A matplotlib Figure that a notebook shows by itself, without pyplot. Importing this file needs matplotlib."""

from __future__ import annotations

from io import BytesIO

from matplotlib.figure import Figure


class Plot(Figure):
    """A Figure that is a picture in a notebook."""

    def _repr_png_(self) -> bytes:
        file = BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()
