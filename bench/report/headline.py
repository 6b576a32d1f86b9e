"""The table of the README, in English and in Chinese: speed against the best rival, accuracy, slow functions."""

# ruff: noqa: RUF001 (Chinese has its own commas and brackets)

from __future__ import annotations

from functools import partial
from typing import Any

from fastcnn.bench.report.markdown import duration, table
from fastcnn.bench.report.network_tables import number, of_drawings
from fastcnn.bench.report.refusal_tables import digits_refused, unseen_refused
from fastcnn.bench.report.rival_tables import INFERENCE, TRAINING, by_threads, ratio_of
from fastcnn.bench.report.targets import FUNCTIONS, Records

ENGLISH, CHINESE = 0, 1
HEADER = (
    ("what", "fastcnn", "the best rival", "times as fast"),
    ("项目", "fastcnn", "最快的对手", "倍数"),
)
SPEED = (
    ("{network}: a training step, batch {batch}, threads {n}", "{network}: inference, batch {batch}, threads {n}"),
    ("{network}：训练一步，每批 {batch} 张，{n} 线程", "{network}：推理，每批 {batch} 张，{n} 线程"),
)
INFERRED = (1, 32)  # batches; of the trainings each network's first
ACCURACY = ("MNIST test accuracy of `default`, mean of 5 seeds", "`default` 的 MNIST 测试准确率（5 个种子的平均）")
DRAWINGS = ("pen drawings of other people that `default` reads right", "`default` 正确识别的他人手写数字")
REFUSED = ("pictures of no digit that are refused", "拒绝识别的非数字图像")
DIGITS = ("real digits that are refused too, at most", "被误拒的真实数字，至多")
ALONE = ("`{}` called alone, threads {}", "单独调用 `{}`，{} 线程")
THREADS = "2"


def _speed(language: int, result: Any) -> list[tuple[str, ...]]:
    """A row for each network's training and inference with THREADS threads; those that lose come first."""
    seen, rows = set(), []
    for row in result["rows"]:
        key = row["network"], row["mode"]
        if (row["mode"] == TRAINING and key not in seen) or (row["mode"] == INFERENCE and row["batch"] in INFERRED):
            rows.append(row)
        seen.add(key)
    return [
        (
            SPEED[language][row["mode"] == INFERENCE].format(network=row["network"], batch=row["batch"], n=THREADS),
            duration(found["median_s"]),
            f"{duration(found['rival_median_s'])} ({found['rival'].split(':')[0].split(', ')[0]})",
            ratio_of(found),
        )
        for row, n, found in by_threads({"rows": rows})
        if n == THREADS and "ratio" in found
    ]


def headline(language: int, records: Records) -> str:
    """A row for each measured number, and for each public function that is slower than PyTorch's."""
    rows: list[tuple[str, ...]] = []
    results = {name: record["result"] for name, record in records.items()}
    if "rivals" in results:
        rows += _speed(language, results["rivals"])
    if "networks" in results:
        picks = ((ACCURACY, number("default", "mean_test_accuracy")), (DRAWINGS, of_drawings("default", "accuracy")))
        for what, pick in picks:
            value = pick(results["networks"])
            rows += [] if value is None else [(what[language], f"{value:.2%}", "", "")]
    if "refusal" in results:
        rows.append((REFUSED[language], f"{unseen_refused(results['refusal']):.1%}", "", ""))
        rows.append((DIGITS[language], f"{digits_refused(results['refusal']):.2%}", "", ""))
    if "functions" in results:
        ratios = results["functions"]["summary"].get(THREADS, {})
        slower = sorted((ratios[key], name) for name, key in FUNCTIONS.items() if ratios.get(key, 1) < 1)
        rows += [(ALONE[language].format(name, THREADS), "", "", f"**{ratio:.2f}**") for ratio, name in slower]
    return table(HEADER[language], rows)


# Name of a marked place -> its content.
HEADLINES = {"headline": partial(headline, ENGLISH), "headline-zh": partial(headline, CHINESE)}
