"""The documentation keeps its promises: links lead somewhere, commands parse, Python compiles, the README is short."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from fastcnn.commands.arguments import build_parser

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    path for pattern in ("*.md", "docs/**/*.md", "bench/**/*.md", "kernels/**/*.md") for path in ROOT.glob(pattern)
)
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}
# Written by a program from hundreds of rows; its pictures are tested where it is written.
PROSE = {name: text for name, text in TEXTS.items() if not name.startswith("bench/")}
READMES = ("README.md", "README.zh-CN.md")

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:fastcnn|kernels|gui|bench|tests|docs)/[^\s`]*)`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _without_code(text: str) -> str:
    return CODE.sub("", FENCE.sub("", text))


def _anchors(text: str) -> set[str]:
    """The anchors that sites give to headings: small letters, blanks as hyphens, no other signs."""
    headings = HEADING.findall(FENCE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _commands(text: str) -> list[str]:
    """All command lines of fastcnn: in fences, in code between backticks, and as `python -m bench`."""
    found = CODE.findall(FENCE.sub("", text))
    for _, block in FENCE.findall(text):
        found += [part for line in block.replace("\\\n", " ").splitlines() for part in line.split("&&")]
    commands = []
    for line in found:
        line = re.sub(r"\s+#.*", "", line.strip())
        line = re.sub(r"^(\S*/)?python3? -m (?=fastcnn |bench )", "", line)
        line = re.sub(r"^bench ", "fastcnn bench ", line)
        line = re.sub(r"^\S+/fastcnn\b", "fastcnn", line)
        if re.match(r"fastcnn( |$)", line) and line != "fastcnn" and "bench screenshots" not in line:
            commands.append(line)
    return commands


COMMANDS = sorted({(name, command) for name, text in PROSE.items() for command in _commands(text)})


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_to_files_and_headings_that_exist(name):
    broken = []
    for target in LINK.findall(_without_code(TEXTS[name])):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        if not file.exists() or (anchor and anchor not in _anchors(file.read_text(encoding="utf-8"))):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("name", PROSE)
def test_paths_that_are_named_exist(name):
    named = [path for path in PATH.findall(PROSE[name]) if "NAME" not in path and "::" not in path]
    assert [path for path in named if not any(ROOT.glob(path.rstrip("/")))] == []


def test_readme_is_short_and_its_first_two_lines_are_what_ci_runs():
    assert len((ROOT / "README.md").read_bytes()) <= 10_000
    for name in READMES:
        blocks = [block for language, block in FENCE.findall(TEXTS[name]) if language == "sh"]
        assert [len(block.splitlines()) for block in blocks] == [1, 1]
        assert "fastcnn train" in blocks[0] and "pytest" in blocks[1]


def test_both_readmes_show_the_same_code():
    english, chinese = (FENCE.findall(TEXTS[name]) for name in READMES)
    assert english == chinese


@pytest.mark.parametrize(("name", "command"), COMMANDS)
def test_command_lines_parse(name, command, capsys):
    words = shlex.split(command)[1:]
    try:
        build_parser().parse_args(words if len(words) > 1 else [*words, "--help"])  # one word only names a command
    except SystemExit as stop:
        assert stop.code == 0, f"{name}: {command}: {capsys.readouterr().err}"


def test_the_commands_of_the_documentation_are_found():
    commands = {command.split()[1] for _, command in COMMANDS}
    assert {"train", "evaluate", "predict", "experiment", "data", "gui", "bench", "info"} <= commands


@pytest.mark.parametrize("name", PROSE)
def test_python_in_the_pages_compiles(name):
    for language, block in FENCE.findall(PROSE[name]):
        if language == "python":
            compile(block, name, "exec")
