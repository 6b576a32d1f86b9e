"""The documentation's tables are what the committed results give; markers and tables in Markdown."""

from pathlib import Path

import pytest

from fastcnn.bench.harness import record
from fastcnn.bench.harness.benchmarks import BENCHMARKS, CUDA, WHEN_NAMED
from fastcnn.bench.report import markdown, tables
from fastcnn.bench.report.headline import HEADLINES
from fastcnn.bench.report.plots import PLOTS
from fastcnn.bench.report.targets import TARGETS, Target
from fastcnn.errors import FastcnnError

ROOT = Path(__file__).resolve().parents[3]
RESULTS = ROOT / "bench" / "results"
PAGES = [path for each in tables.PAGES for path in sorted(ROOT.glob(each))]


def test_tables_of_the_pages_are_those_of_the_committed_results():
    found = [(name, text) for path in PAGES for name, text in markdown.marked(path.read_text("utf-8")).items()]
    places = dict(found)
    assert len(found) == len(places), "a table has two places"
    assert set(places) == {*BENCHMARKS, *CUDA, "targets", "zoo", "all-layers", "headline", "headline-zh"}
    assert places == dict.fromkeys(places, "") | tables.marked_tables(record.read(RESULTS))


def test_no_goal_averages_unlike_functions_and_missed_goals_come_first():
    rows = tables.targets(record.read(RESULTS)).splitlines()[2:]
    # Of unlike functions only the worst row is told; a convolution and its gradients are alike.
    several = [row for row in rows if "public functions" in row]
    assert len(several) == 4  # two rows, threads 1 and 2
    assert all("the worst row" in row or "mean of convolutions and their gradients" in row for row in several)
    missed = ["**no**" in row for row in rows]
    assert missed == sorted(missed, reverse=True)
    for name in ("conv2d", "conv2d_grad_input", "conv2d_grad_weight", "im2col", "col2im", "max_pool2d"):
        assert sum(f"`{name}` called alone" in row for row in rows) == 2  # threads 1 and 2


@pytest.mark.parametrize("place", ["headline", "headline-zh"])
def test_headline_shows_the_functions_that_are_slower_than_pytorch(place):
    means = {"conv2d": 0.606, "grad_input": 0.798, "grad_weight": 0.632, "im2col": 3.75, "col2im": 2.2}
    means |= {"max_pool2d": 1.28, "max_pool2d_grad": 1.004}
    text = HEADLINES[place]({"functions": {"result": {"summary": {"2": means}}}})
    assert [row.split("`")[1] for row in text.splitlines() if "**" in row] == [
        "conv2d",
        "conv2d_grad_weight",
        "conv2d_grad_input",
    ]
    for ratio in ("**0.61**", "**0.63**", "**0.80**"):
        assert ratio in text


def test_headline_leaves_out_what_was_not_measured():
    one_thread = {
        "rivals": {"result": {"rows": [{"network": "paper", "mode": "training", "batch": 32, "1": {"ratio": 2.0}}]}},
        "functions": {"result": {"summary": {"1": {"conv2d": 0.5}}}},
        "networks": {"result": {"rows": []}},
    }
    assert len(HEADLINES["headline"]({}).splitlines()) == 2  # header and rule
    assert len(HEADLINES["headline"](one_thread).splitlines()) == 2


@pytest.mark.skipif(not RESULTS.is_dir(), reason="nothing has been measured")
def test_results_page_is_that_of_the_committed_results():
    records = record.read(RESULTS)
    page = (RESULTS / tables.PAGE).read_text(encoding="utf-8")
    assert page == tables.page(records)
    assert [name for name in PLOTS for plot in PLOTS[name] if name in records and f"{plot}.png" not in page] == []
    assert not any(each["quick"] for each in records.values())


def test_goals_are_of_benchmarks():
    assert {target.benchmark for target in TARGETS} <= set(BENCHMARKS)


def test_table_of_hand_worked_rows():
    assert markdown.table(("a", "b"), [("1", "2|3")]) == "| a | b |\n| --- | --- |\n| 1 | 2/3 |\n"


def test_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="2 columns"):
        markdown.table(("a", "b"), [("1",)])


TEXT = "x\n<!-- bench:one -->\nold\n<!-- /bench:one -->\ny\n<!-- bench:two -->\n<!-- /bench:two -->\n"


def test_filling_replaces_what_is_between_and_nothing_else():
    filled = markdown.fill(TEXT, {"one": "new\n"})
    assert filled == TEXT.replace("old", "new")
    assert markdown.fill(filled, {"one": "new\n"}) == filled
    assert markdown.marked(filled) == {"one": "new\n", "two": ""}


def test_content_with_a_backslash_is_taken_as_it_is():
    assert markdown.marked(markdown.fill(TEXT, {"two": "\\1 \\g<name>\n"})) == {
        "one": "old\n",
        "two": "\\1 \\g<name>\n",
    }


def test_marker_without_its_end_is_an_error():
    with pytest.raises(FastcnnError, match="have no"):
        markdown.fill(TEXT + "<!-- bench:three -->\n", {})


def _place(*names: str) -> str:
    return "".join(f"<!-- bench:{name} -->\n<!-- /bench:{name} -->\n" for name in names)


def test_pages_without_a_place_for_a_table_are_an_error_and_stay(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(TEXT + _place("all-layers", "headline", "headline-zh", "zoo"))
    with pytest.raises(FastcnnError, match="has a place for the table 'targets'"):
        tables.fill_pages(tmp_path, {"unknown": {"result": {}}})
    assert path.read_text() == TEXT + _place("all-layers", "headline", "headline-zh", "zoo")


def test_tables_may_stand_in_any_page_and_pages_without_markers_stay(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text(_place("headline"))
    (tmp_path / "README.zh-CN.md").write_text(_place("headline-zh"))
    (tmp_path / "docs" / "benchmarks.md").write_text(_place("all-layers", "targets", "zoo"))
    (tmp_path / "docs" / "plain.md").write_text("no table\n")
    tables.fill_pages(tmp_path, {"unknown": {"result": {}}})
    assert "| what | fastcnn |" in (tmp_path / "README.md").read_text()
    assert "| 项目 | fastcnn |" in (tmp_path / "README.zh-CN.md").read_text()
    assert "| what | goal |" in (tmp_path / "docs" / "benchmarks.md").read_text()
    assert (tmp_path / "docs" / "plain.md").read_text() == "no table\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(12.34, "12.3 s"), (1.0, "1 s"), (0.0123, "12.3 ms"), (0.0000381, "38.1 µs"), (4.2e-7, "0.42 µs")],
)
def test_durations(seconds, text):
    assert markdown.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(41_432.0, "41,400"), (999_999.0, "1,000,000"), (1043.0, "1,040"), (12.34, "12.3")]
)
def test_rates(value, text):
    assert markdown.rate(value) == text


def test_targets_know_which_side_is_good():
    least, most = Target("w", "b", float, 2.0), Target("w", "b", float, 2.0, at_most=True)
    assert [least.is_met(value) for value in (1.9, 2.0, 2.1)] == [False, True, True]
    assert [most.is_met(value) for value in (1.9, 2.0, 2.1)] == [True, True, False]
    assert Target("w", "b", float).is_met(0.0)


def test_missed_goal_is_shown_as_missed():
    rows = [
        {"network": "paper", "mode": "training", "batch": batch, "2": {"ratio": ratio}}
        for batch, ratio in ((100, 3.6), (256, 3.4), (32, 9.0))
    ]
    lines = tables.targets({"rivals": {"result": {"rows": rows, "one_picture": {"p99_over_median": 2.0}}}}).splitlines()
    assert len(lines) == 5  # header, rule, and the rows that were measured and have a goal
    assert lines[2].startswith("| paper, training, batch 256, 2 threads: over the best rival |")
    assert "| at least 3.50 | 3.40 | **no**: " in lines[2]
    assert lines[3].endswith("| at least 3.50 | 3.60 | yes |")


def test_window_and_what_trains_for_hours_are_measured_only_when_named():
    window = {name for name in BENCHMARKS if name.startswith("gui-")}
    by_name = {"networks", "strings", "pages", "robustness", "refusal", "precision", "frozen", "cluster"}
    assert set(WHEN_NAMED) == by_name | window
