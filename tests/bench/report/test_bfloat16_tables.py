"""The tables of `bench rivals-bfloat16`: a row for each wanted ratio, and what was not measured says so."""

from fastcnn.bench.report import bfloat16_tables, tables, targets


def _result():
    found = {"median_s": 0.002, "gflop_per_s": 500.0, "engines": {"PyTorch": 1.5, "TensorFlow": 2.0}}
    row = {"network": "VGG-like", "mode": "training", "batch": 64, "left_out": {}, "2": found}
    return {
        "rows": [row], "threads": ["2"], "products": {"2": 1000.0}, "precision": "bfloat16",
        "versions": {"PyTorch": "2.13"}, "missing": {"OpenVINO": "gone"},
        "peaks": {"2": {"fma_gflop_per_s": 240.0, "sgemm_gflop_per_s": 180.0}},
    }  # fmt: skip


def _record():
    machine = {"commit": None, "processor": "a CPU", "physical_cores": 2, "vector_bytes": 64, "python": "3.11"}
    machine |= {"numpy": "2", "numba": "0.6", "threading_layer": "omp", "torch": "2.13"}
    return {"result": _result(), "date": "2026-01-01", "machine": machine, "load_before": 0.0, "load_after": 0.0}


def _rows(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]


def test_a_ratio_is_that_of_the_named_engine():
    rows = _rows(bfloat16_tables.rivals(_result()))
    assert len(rows) == len(bfloat16_tables.WANTED)
    assert ["VGG-like", "training", "64", "2", "PyTorch", "2 ms", "3 ms", "1.50", "1.0"] in rows
    assert ["paper", "training", "256", "2", "TensorFlow", *["not measured"] * 3, "3.0"] in rows


def test_an_engine_that_is_missing_has_no_time():
    result = _result()
    result["rows"][0]["2"]["engines"] = {}
    row = next(row for row in _rows(bfloat16_tables.rivals(result)) if row[0] == "VGG-like" and row[1] == "training")
    assert row[5:8] == ["2 ms", "not measured", "not measured"]


def test_the_share_is_of_the_product_on_as_many_threads():
    result = _result()
    assert _rows(bfloat16_tables.shares(result)) == [["2", "500", "1000", "0.50", "0.45"]]
    assert bfloat16_tables.share(result, "1") is None
    text = bfloat16_tables.tabulate(result)
    assert "Ours in `bfloat16`." in text and "**OpenVINO: missing** (gone)." in text


def test_the_goals_read_the_same_numbers():
    found = {
        target.what: target.measured({"rivals-bfloat16": {"result": _result()}})
        for target in targets.TARGETS
        if target.benchmark == "rivals-bfloat16"
    }
    assert found["in bfloat16: VGG-like, training, batch 64, 2 threads: over PyTorch"] == 1.5
    assert found["in bfloat16: VGG-like, training, 2 threads: GFLOP/s over a product of matrices"] == 0.5
    assert sorted(value for value in found.values() if value is not None) == [0.5, 1.5]


def test_without_a_record_the_rows_stand_and_say_that_nothing_was_measured():
    both = tables.marked_tables({"unknown": {"result": {}}})["rivals-bfloat16"]
    ratios, shares = (_rows(text) for text in both.split("\n\n"))
    assert [row[:5] for row in ratios] == [
        [network, mode, f"{batch:,}", "2", engine] for network, mode, batch, engine, _ in bfloat16_tables.WANTED
    ]
    assert {cell for row in ratios for cell in row[5:8]} == {"not measured"}
    assert shares == [["2", *["not measured"] * 3, "0.45"]]
    text = tables.marked_tables({"rivals-bfloat16": _record()})["rivals-bfloat16"]
    assert "1.50" in text and "Measured 2026" in text
