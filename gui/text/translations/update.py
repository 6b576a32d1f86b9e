"""Bring the translation files up to date with the texts in the program: `python gui/text/translations/update.py`.

Collects every text from the Designer file, every literal given to `tr`, and the templates of the errors that the window
may show. Keeps the translations that are there, marks new texts as unfinished, drops those that are no longer used, and
compiles with Qt's lrelease (Debian: apt install qttools5-dev-tools). Not part of the running program.
"""

from __future__ import annotations

import ast
import builtins
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
GUI = FOLDER.parent.parent
ENGINE = GUI.parent / "fastcnn"
# Rooms and files whose sentences never reach the window: they speak English only.
CONSOLE = (
    ENGINE / "cluster", ENGINE / "commands", ENGINE / "onnx", ENGINE / "sklearn",
    ENGINE / "data" / "download.py", ENGINE / "training" / "datasets.py",
    ENGINE / "training" / "finder.py", ENGINE / "training" / "ranks.py", GUI / "program" / "launch.py",
)  # fmt: skip
CONTEXT = "fastcnn"  # as in gui/text/language.py
LRELEASE = ("lrelease", "/usr/lib/qt5/bin/lrelease")

Texts = dict[str, list[str]]  # context -> texts, in order


def texts_in_code() -> list[str]:
    """The literals given to `tr`, to `Sentence` and to our errors; an error where `tr` is given anything else."""
    found = []
    for path in sorted([*GUI.rglob("*.py"), *ENGINE.rglob("*.py")]):
        if any(path.is_relative_to(place) for place in CONSOLE):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            name, text = node.func.id, node.args[0]
            if isinstance(text, ast.Constant) and isinstance(text.value, str) and (name == "tr" or is_sentence(name)):
                found.append(text.value)
            elif name == "tr":
                raise SystemExit(f"{path.name}:{node.lineno}: tr() needs a literal")
    return found


def is_sentence(name: str) -> bool:
    """Whether what has this name, called with a template, makes a sentence: `Sentence`, `mark`, or an error of ours."""
    return name in ("Sentence", "mark") or (name.endswith("Error") and not hasattr(builtins, name))


def texts_in_form(path: Path) -> tuple[str, list[str]]:
    """The class of a Designer file, which is the context, and its texts."""
    root = ET.parse(path).getroot()
    strings = [each for each in root.iter("string") if each.get("notr") != "true"]
    return root.findtext("class") or "", [each.text for each in strings if each.text]


def collect() -> Texts:
    """All texts by context, each once."""
    context, form = texts_in_form(GUI / "window" / "window.ui")
    return {context: list(dict.fromkeys(form)), CONTEXT: list(dict.fromkeys(texts_in_code()))}


def read(path: Path) -> dict[tuple[str, str], str]:
    """The finished translations of a .ts file, by context and text."""
    if not path.exists():
        return {}
    return {
        (context.findtext("name") or "", entry.findtext("source") or ""): entry.findtext("translation") or ""
        for context in ET.parse(path).getroot().iter("context")
        for entry in context.iter("message")
        if (translation := entry.find("translation")) is not None and translation.get("type") is None
    }


def write(path: Path, language: str, texts: Texts, known: dict[tuple[str, str], str]) -> int:
    """Write a .ts file. Returns how many texts have no translation."""
    root = ET.Element("TS", version="2.1", language=language, sourcelanguage="en")
    missing = 0
    for name, members in texts.items():
        context = ET.SubElement(root, "context")
        ET.SubElement(context, "name").text = name
        for text in members:
            entry = ET.SubElement(context, "message")
            ET.SubElement(entry, "source").text = text
            translation = ET.SubElement(entry, "translation")
            translation.text = known.get((name, text), "")
            if not translation.text:
                translation.set("type", "unfinished")
                missing += 1
    ET.indent(root)
    content = ET.tostring(root, encoding="unicode")
    path.write_text(f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n{content}\n', encoding="utf-8")
    return missing


def main() -> int:
    """Update every .ts file, then compile it."""
    lrelease = next((found for name in LRELEASE if (found := shutil.which(name))), None)
    if lrelease is None:
        print("lrelease is missing; on Debian or Ubuntu run `apt install qttools5-dev-tools`", file=sys.stderr)
        return 1
    texts = collect()
    for path in sorted(FOLDER.glob("*.ts")):
        language = path.stem.removeprefix("fastcnn_")
        missing = write(path, language, texts, read(path))
        print(f"{path.name}: {missing} without a translation")
        subprocess.run([lrelease, "-silent", str(path)], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
