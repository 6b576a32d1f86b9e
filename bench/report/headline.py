"""The table of the README, in English and in Chinese: the five most important numbers, and where PyTorch is faster."""

# ruff: noqa: RUF001 (Chinese has its own commas and brackets)

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from fastcnn.bench.report.markdown import duration, rate, table
from fastcnn.bench.report.network_tables import number, of_drawings
from fastcnn.bench.report.refusal_tables import digits_refused, unseen_refused
from fastcnn.bench.report.targets import FUNCTIONS, Records

ENGLISH, CHINESE = 0, 1
HEADER = (
    ("what", "fastcnn", "PyTorch, its best", "times as fast"),
    ("项目", "fastcnn", "PyTorch 的最佳成绩", "倍数"),
)
TRAINING = (
    "training the paper's network, batch {}, threads {}, images/s",
    "训练论文的网络：每批 {} 张，{} 线程，张/秒",
)
TRAINED = ((100, "1"), (100, "2"), (256, "2"))  # batch and threads
ONE_PICTURE = ("one picture, the paper's network", "识别一张图像（论文的网络）")
ACCURACY = ("MNIST test accuracy of `default`, mean of 5 seeds", "`default` 的 MNIST 测试准确率（5 个种子的平均）")
DRAWINGS = ("pen drawings of other people that `default` reads right", "`default` 正确识别的他人手写数字")
REFUSED = ("pictures of no digit that are refused", "拒绝识别的非数字图像")
DIGITS = ("real digits that are refused too, at most", "被误拒的真实数字，至多")
ALONE = ("`{}` called alone, threads {}", "单独调用 `{}`，{} 线程")
THREADS = "2"


def _speed(label: str, found: Any, what: str, show: Callable[[float], str]) -> list[tuple[str, ...]]:
    """The row, or none if this number of threads was not measured."""
    return [(label, show(found[what]), show(found[f"rival_{what}"]), f"{found['ratio']:.2f}")] if found else []


def headline(language: int, records: Records) -> str:
    """A row for each measured number, and for each public function that is slower than PyTorch's."""
    rows: list[tuple[str, ...]] = []
    results = {name: record["result"] for name, record in records.items()}
    if "train-step" in results:
        steps = {row["batch"]: row for row in results["train-step"]["rows"]}
        for batch, n in TRAINED:
            rows += _speed(TRAINING[language].format(batch, n), steps.get(batch, {}).get(n), "images_per_s", rate)
    if "inference" in results:
        one = {row["batch"]: row for row in results["inference"]["rows"]}.get(1, {})
        rows += _speed(ONE_PICTURE[language], one.get(THREADS), "median_s", duration)
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
