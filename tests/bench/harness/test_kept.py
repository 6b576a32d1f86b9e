"""Rows of a benchmark that was interrupted: used again under the same conditions only."""

import json

import pytest

from fastcnn.bench.harness.kept import Kept, part_of
from fastcnn.errors import UsageError


@pytest.fixture
def path(tmp_path):
    return part_of(tmp_path / "new", "rivals")


def _never():
    pytest.fail("measured again")


def test_a_row_is_in_the_file_at_once_and_not_measured_again(path):
    first = Kept(path, "rivals", {"threads": [1]})
    assert first.row("a", lambda: {"ratio": 2.0}) == {"ratio": 2.0}
    assert first.row("a", _never) == {"ratio": 2.0}
    with pytest.raises(KeyboardInterrupt):
        first.row("b", _interrupted)
    second = Kept(path, "rivals", {"threads": [1]}, resume=True)
    assert second.resumed == 1 and second.row("a", _never) == {"ratio": 2.0}
    assert second.row("b", lambda: 3) == 3


def _interrupted():
    raise KeyboardInterrupt


def test_without_resume_everything_is_measured(path):
    Kept(path, "rivals").row("a", lambda: 1)
    again = Kept(path, "rivals")
    assert again.resumed == 0 and again.row("a", lambda: 2) == 2
    assert json.loads(path.read_bytes())["rows"] == {"a": 2}


@pytest.mark.parametrize(("name", "conditions"), [("rivals", {"threads": [2]}), ("functions", {"threads": [1]})])
def test_rows_of_other_conditions_are_refused_in_a_sentence(path, name, conditions):
    Kept(path, "rivals", {"threads": [1]}).row("a", lambda: 1)
    with pytest.raises(UsageError, match="leave out --resume") as error:
        Kept(path, name, conditions, resume=True)
    assert str(path) in str(error.value)


def test_nothing_to_resume_is_no_error(path):
    found = Kept(path, "rivals", {}, resume=True)
    assert found.resumed == 0
    found.end()
    found.row("a", lambda: 1)
    found.end()
    assert not path.exists()


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = Kept()
    assert found.row("a", lambda: 1) == 1
    found.end()
    assert list(tmp_path.iterdir()) == []
