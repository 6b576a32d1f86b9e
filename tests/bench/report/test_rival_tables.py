"""The table of rivals: those that we lose to come first, and who is missing is named."""

from fastcnn.bench.report import headline, rival_tables


def _found(ratio, rival="JAX: jit, 1"):
    return {
        "median_s": 0.002, "quartiles_s": [0.001, 0.003], "gflop_per_s": 50.0, "share_of_peak": 0.5,
        "rival": rival, "rival_median_s": 0.002 * ratio, "rival_quartiles_s": [0.002 * ratio] * 2, "ratio": ratio,
        "engines": {"JAX": ratio, "PyTorch": ratio + 1},
    }  # fmt: skip


def _result():
    def row(network, mode, batch, **threads):
        return {"network": network, "mode": mode, "batch": batch, "left_out": {"TensorFlow": "gone"}, **threads}

    return {
        "rows": [
            row("paper", "training", 100, **{"1": _found(3.0), "2": _found(2.0)}),
            row("default", "inference", 1, **{"1": _found(1.5), "2": _found(0.25, "ONNX Runtime, 2")}),
            row("default", "inference", 1000, **{"2": _found(0.1)}),
        ],
        "versions": {"PyTorch": "2.13", "JAX": "0.10"},
        "missing": {"TensorFlow": "gone"},
        "peaks": {"2": {"fma_gflop_per_s": 240.0, "sgemm_gflop_per_s": 180.0}},
    }


def test_rows_that_lose_come_first_and_are_bold():
    header, _, *rows = rival_tables.rivals(_result()).split("\n\n")[0].splitlines()
    assert header.endswith("| its time | ratio | PyTorch | JAX | TensorFlow |")
    assert all(row.endswith("| missing |") for row in rows)
    ratios = [[cell.strip() for cell in row.split("|")][10] for row in rows]
    assert ratios == ["**0.10**", "**0.25**", "1.50", "2.00", "3.00"]
    assert "2 ms (1 ms to 3 ms)" in rows[0]


def test_the_missing_and_the_left_out_are_named_once():
    result = _result()
    result["rows"][0]["left_out"]["JAX"] = "layer 3 (Twice) has no form in JAX"
    notes = rival_tables.rivals(result).split("\n\n", 1)[1]
    assert notes.count("**TensorFlow: missing** (gone).") == 1 and notes.count("TensorFlow") == 1
    assert "JAX is left out of paper, training, batch 100: layer 3 (Twice) has no form in JAX." in notes
    assert "240 GFLOP/s of multiply-adds in registers (the peak), 180 of NumPy's SGEMM" in notes
    assert "In brackets are quartiles. PyTorch 2.13, JAX 0.10.\n" in notes
    assert "In brackets are quartiles.\n" in rival_tables.rivals(result | {"versions": {}})


def test_a_row_without_a_rival_says_so():
    result = _result()
    for key in ("ratio", "rival", "rival_median_s", "rival_quartiles_s", "engines"):
        del result["rows"][0]["1"][key]
    assert "| none |" in rival_tables.rivals(result).split("\n\n")[0].splitlines()[-1]


def test_headline_names_the_best_rival_and_begins_where_we_lose():
    rows = headline.HEADLINES["headline"]({"rivals": {"result": _result()}}).splitlines()[2:]
    assert rows == [
        "| default: inference, batch 1, threads 2 | 2 ms | 500 µs (ONNX Runtime) | **0.25** |",
        "| paper: a training step, batch 100, threads 2 | 2 ms | 4 ms (JAX) | 2.00 |",
    ]
