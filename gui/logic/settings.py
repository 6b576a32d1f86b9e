"""The settings that the window keeps between two starts. If the file is missing or damaged, the defaults are used."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from fastcnn.gui.logic.drawing import DEFAULT_WIDTH, PEN_WIDTHS
from fastcnn.gui.logic.folders import writable
from fastcnn.storage import atomic_write
from fastcnn.zoo.networks import DEFAULT

LANGUAGES = ("", "en", "zh_CN")  # "" means the language of the system
THEMES = ("system", "light", "dark")
ZOOMS = (100, 125, 150, 175, 200)  # per cent
_CHOICES = {"language": LANGUAGES, "theme": THEMES, "mode": (0, 1), "zoom": ZOOMS}
_MAX_BYTES = 100_000
MOST = 100  # that a page may remember


@dataclass
class Settings:
    """All settings. Every field has a default."""

    language: str = ""
    theme: str = "system"
    zoom: int = 100
    mode: int = 0
    live: bool = True
    pen_width: int = DEFAULT_WIDTH
    model: str = DEFAULT
    geometry: str = ""  # Qt's, in hexadecimal
    numbers: dict[str, int] = field(default_factory=dict)  # what the pages remember; in the file next to the others

    def save(self, path: Path) -> None:
        """Write the settings atomically; FastcnnError if that fails."""
        content = asdict(self)
        atomic_write(writable(path), json.dumps(content | content.pop("numbers"), indent=2).encode())

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Read the settings. A missing or wrong value becomes the default."""
        settings = cls()
        try:
            content = json.loads(path.read_bytes()[:_MAX_BYTES])
        except (OSError, ValueError, RecursionError):
            return settings
        if not isinstance(content, dict):
            return settings
        for each in fields(cls):
            value = content.pop(each.name, None)
            if type(value) is type(each.default) and value in _CHOICES.get(each.name, (value,)):
                setattr(settings, each.name, value)
        settings.pen_width = min(max(settings.pen_width, PEN_WIDTHS[0]), PEN_WIDTHS[1])
        settings.numbers = {name: min(max(value, 1), MOST) for name, value in content.items() if type(value) is int}
        return settings
