"""A report -> the goals that were set for the model on WM-811K, each beside what was measured. Pure."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from training.card.measured import BenchLine, Measured, Round
from training.card.reading import Report

_EDGE, _RUNTIME = "edge component", "ONNX Runtime"
_INT8 = "int8"


@dataclass(frozen=True)
class Goal:
    """A goal and how it came out.

    Attributes:
        name: What is measured.
        public: The best clean public number, in words.
        limit: The goal.
        measured: None if it was not measured.
        at_least: Whether more is better.
        shown: How numbers are printed.
    """

    name: str
    public: str
    limit: float
    measured: float | None
    at_least: bool = True
    shown: str = "{:.3f}"

    @property
    def verdict(self) -> str:
        """Return `met`, `missed by` how much, or `not measured`."""
        if self.measured is None:
            return "not measured"
        short = self.limit - self.measured if self.at_least else self.measured - self.limit
        return "met" if short <= 0 else f"**missed** by {short:.2g}"

    @property
    def row(self) -> tuple[str, str, str, str, str]:
        """Return the line of a table: name, public number, goal, measured, verdict."""
        told = "" if self.measured is None else self.shown.format(self.measured)
        sign = "≥" if self.at_least else "≤"
        return self.name, self.public, f"{sign} {self.shown.format(self.limit)}", told, self.verdict


def goals(report: Report) -> list[Goal]:
    """Return every goal; figures are those of int8 on the test lots."""
    return [*_right(report.test), *_int8(report), *_cost(report), *_decisions(report)]


def _right(test: Measured) -> Iterator[Goal]:
    met = [each for each in test.classes.values() if each.support]
    yield Goal("macro-F1", "0.881", 0.920, test.macro_f1)
    yield Goal("F1 of the worst class", "0.682", 0.82, min(each.f1 for each in met))
    yield Goal("recall of the worst class", "0.742", 0.80, min(each.recall for each in met))
    random = "{} (random split)"
    precision, recall = test.binary.precision_at_high_recall, test.binary.recall_at_high_precision
    yield Goal("defect or not: precision at 98.7 % recall", random.format(0.836), 0.87, precision)
    yield Goal("defect or not: recall at 97 % precision", random.format(0.946), 0.955, recall)
    yield Goal("accuracy", "0.978", 0.983, test.accuracy)
    yield Goal("calibration error", random.format(0.0031), 0.005, test.ece, False, "{:.4f}")


def _int8(report: Report) -> Iterator[Goal]:
    test = report.test
    lost = [test.fp32.classes[name].recall - each.recall for name, each in test.classes.items()]
    name = "macro-F1 lost by int8"
    yield Goal(
        name, "0.037 of accuracy", 0.003, test.fp32.macro_f1 - test.macro_f1, False, "{:.4f}"
    )
    yield Goal("most recall lost by int8 in a class", "", 0.01, max(lost), False, "{:.4f}")


def _cost(report: Report) -> Iterator[Goal]:
    exported, bench = report.exported, report.bench
    yield Goal("file, MB", "1.67", 1.5, exported.size_bytes / 1e6, False, "{:.2f}")
    yield Goal(
        "multiply-adds, millions", "2222", 120, exported.multiply_adds / 1e6, False, "{:.1f}"
    )
    shipped = _median(_of(bench, _EDGE, {_INT8}), lambda each: each.png.p50)
    yield Goal("PNG to decision, one thread, ms", "", 1.0, shipped, False, "{:.2f}")
    ours = _median(_of(bench, _RUNTIME, {_INT8}), lambda each: each.wafer.p50)
    others = [
        _median([each], lambda round_: round_.wafer.p50)
        for each in bench
        if each.ours and each.engine != _EDGE and (each.engine, each.weights) != (_RUNTIME, _INT8)
    ]
    fastest = min((each for each in others if each), default=None)
    ratio = fastest / ours if fastest and ours else None
    name = "times as fast as the fastest of fp32, OpenVINO, LiteRT"
    yield Goal(name, "", 1.0, ratio, True, "{:.2f}")


def _decisions(report: Report) -> Iterator[Goal]:
    test = report.test
    yield Goal(
        "accepted without a person, certified", "0.966, no promise", 0.965, test.accepting.coverage
    )
    changed = test.changed_by_symmetry.views if test.changed_by_symmetry else None
    yield Goal("decisions changed by turning or mirroring", "never told", 0.01, changed, False)
    found = report.refusals
    refused = found.refused / found.pictures if found else None
    yield Goal(
        "pictures that are no wafer map, refused (kinds in view in development)",
        "none",
        1.0,
        refused,
    )


def _of(bench: Sequence[BenchLine], engine: str, weights: set[str]) -> list[BenchLine]:
    return [e for e in bench if e.ours and e.engine == engine and e.weights in weights]


def _median(contenders: Sequence[BenchLine], taken: Callable[[Round], float]) -> float | None:
    """Return the median over the rounds of the first contender, None without any."""
    rounds = contenders[0].rounds if contenders else []
    return statistics.median(map(taken, rounds)) if rounds else None
