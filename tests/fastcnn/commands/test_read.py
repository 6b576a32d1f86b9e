"""The command `read`: its text, its JSON, the annotated picture, frames, and files that cannot be read."""

import json

import numpy as np
import pytest
from PIL import Image

from fastcnn.__main__ import main
from fastcnn.bench.accuracy.paper import lay
from fastcnn.bench.accuracy.writing import write
from fastcnn.ours import FIGURE, RESULT
from tests.fastcnn.commands.test_cli import fails
from tests.fastcnn.recognition.test_reading import first_ways

LINES = ["3052", "8 4419"]


@pytest.fixture(scope="module")
def pages():
    """Two pages of synthetic digits."""
    rng = np.random.default_rng(3)
    return [
        Image.fromarray(lay(write(lines, first_ways(), rng, height=50.0), "plain", rng).picture)
        for lines in (LINES, ["76"])
    ]


def test_text_and_json(pages, tmp_path, capsys):
    picture, found = str(tmp_path / "page.png"), tmp_path / "found.json"
    pages[0].save(picture)
    assert main(["read", picture, "--json", str(found)]) == 0
    assert capsys.readouterr().out.splitlines() == LINES
    (row,) = json.loads(found.read_text())
    assert (row["image"], row["frame"], row["text"], row["reason"]) == (picture, 0, "\n".join(LINES), None)
    assert [[token["text"] for token in line] for line in row["lines"]] == [list("3052"), list("84419")]
    assert set(row["lines"][0][0]) == {"text", "box", "digit", "confidence"}
    assert RESULT.may_replace(found)
    assert main(["read", picture, "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == [row]
    assert said.err.splitlines() == LINES


def test_one_bad_file_among_many_is_one_line(pages, tmp_path, capsys):
    names = [str(tmp_path / name) for name in ("a.png", "cut.png", "none.png", "b.png")]
    pages[0].save(names[0])
    pages[1].save(names[3])
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:300])
    found = tmp_path / "found.json"
    assert main(["read", *names, "--json", str(found)]) == 1
    rows = json.loads(found.read_text())
    assert [row["image"] for row in rows] == names
    assert ["error" in row for row in rows] == [False, True, True, False]
    said = capsys.readouterr()
    assert said.err.splitlines() == [f"fastcnn: {row['error']}" for row in rows[1:3]]
    assert said.out.splitlines() == [f"{names[0]}:", *LINES, f"{names[3]}:", "76"]


@pytest.mark.parametrize("suffix", ["gif", "tiff"])
def test_frames_are_read_one_by_one(pages, tmp_path, capsys, suffix):
    path = tmp_path / f"two.{suffix}"
    size = pages[0].size
    frames = [page.convert("L").resize(size) if page.size == size else _on(page, size) for page in pages]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert main(["read", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{path}:", *LINES, f"{path}, frame 2:", "76"]
    assert "has 2 frames" in fails(capsys, "read", path, "--annotate", tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


def _on(page, size):
    ground = Image.new("L", size, 240)
    ground.paste(page.convert("L"))
    return ground


def test_a_pdf_is_refused_with_a_sentence(tmp_path, capsys):
    path = tmp_path / "page.pdf"
    path.write_bytes(b"%PDF-1.7\n%\xe2\xe3\n1 0 obj\n")
    for command in ("read", "predict"):
        assert f"{path} is a PDF; save its pages as pictures first" in fails(capsys, command, path)


def test_the_picture_is_annotated(pages, tmp_path, capsys):
    picture, out = tmp_path / "page.png", tmp_path / "out.png"
    pages[0].save(picture)
    assert main(["read", str(picture), "--annotate", str(out)]) == 0
    assert FIGURE.may_replace(out)
    with Image.open(out) as shown:
        assert shown.size == pages[0].size
        changed = (np.asarray(shown).astype(int) - np.asarray(pages[0].convert("RGB"))).any(axis=2)
    assert 0.001 < changed.mean() < 0.2
    capsys.readouterr()
    for options, says in (
        (["--annotate", "out.jpg"], "--annotate out.jpg must end in .png"),
        (["--annotate", picture], "is also read by this command"),
        ([picture, "--annotate", out], "--annotate shows one picture"),
    ):
        assert says in fails(capsys, "read", picture, *options, status=2)


def test_what_cannot_be_made_out_is_no_error(tmp_path, capsys):
    path = tmp_path / "blank.png"
    Image.new("L", (90, 60), 250).save(path)
    assert main(["read", str(path)]) == 0
    assert capsys.readouterr().out.startswith("nothing to read: the picture is blank")


@pytest.mark.parametrize("command", ["read", "predict"])
@pytest.mark.parametrize(
    ("name", "shown"), [("two\nlines.png", "two lines.png is not a picture"), ("", "'': does not exist")]
)
def test_a_file_of_any_name_is_told_in_one_line(command, name, shown, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two\nlines.png").write_bytes(b"x")
    assert main([command, name]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"fastcnn: {shown}")
    assert line.count("lines.png") <= 1
