"""The simulation's figures as tables."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bench.drift import camera, model, process
from bench.drift.clustering import Clustering, Estimate
from bench.drift.process import Rise
from bench.table import machine
from fabwafer import process_drift
from fabwafer.fab_watch import PROCESS_THRESHOLD, REFERENCE_LOTS_PER_DAY, Rules

SEED = 811


@dataclass(frozen=True)
class Effort:
    """How much is simulated: months without a change, runs with one, lots that the model sees."""

    months: int = 300
    fewer_months: int = 100
    camera_months: int = 40
    model_months: int = 15
    mixed_months: int = 10
    runs: int = 800
    fewer_runs: int = 300
    lots: int = 300
    spoilt_lots: int = 60
    spoilt_runs: int = 15

    def scaled(self, share: float) -> "Effort":
        """Return a share of all that, at least 1 of each."""
        return Effort(
            **{name: max(1, round(share * count)) for name, count in asdict(self).items()}
        )


_TARGETS = ((Rise(0.05, 3), 200), (Rise(0.10, 3), 110), (Rise(0.02, 5), 170))
_FABS = (REFERENCE_LOTS_PER_DAY, 40, 100)
_THRESHOLDS = (-0.4, 0.4)


def everything(estimate: Estimate, data: Path, effort: Effort) -> tuple[str, float]:
    """Return all tables, and how many alarms for nothing a fab has in 30 days."""
    rules = Rules.of(REFERENCE_LOTS_PER_DAY)
    delays = _delays(estimate, rules, effort)
    of_process, process_rate = _false_alarms(estimate, rules, effort)
    of_camera, camera_rate = _camera(rules, effort)
    of_model, model_rate = _model(data, rules, effort)
    total = process_rate + camera_rate + model_rate
    joint = (
        f"**Alarms for nothing in 30 days of a fab, all detectors together: {total:.2f}**"
        f" (process {process_rate:.2f}, cameras {camera_rate:.2f}, model {model_rate:.2f})."
    )
    parts = [
        machine(),
        joint,
        _clustering(estimate),
        delays,
        of_process,
        of_camera,
        of_model,
    ]
    return "\n\n".join(parts), total


def _clustering(estimate: Estimate) -> str:
    rows = [
        (name, f"{each.rate:.2%}", f"{each.clustering:.3f}")
        for name, each in estimate.labels.items()
    ]
    title = f"Clustering: {estimate.source} ({estimate.lots} lots, {estimate.wafers} wafers); {estimate.method}."
    return _table(title, ("label", "rate", "correlation of two wafers of a lot"), rows)


def _delays(estimate: Estimate, rules: Rules, effort: Effort) -> str:
    rng = np.random.default_rng(SEED)
    places = [0.018, estimate.median, 0.058]
    rows = []
    for rise, target in _TARGETS:
        row = [f"{rise.rate:.0%} x {rise.times:.0f}", str(target)]
        for place in places:
            runs = effort.runs if place == estimate.median else effort.fewer_runs
            row.append(_delay(rng, place, rise, rules, runs))
        for lots in _FABS[1:]:
            row.append(_delay(rng, estimate.median, rise, Rules.of(lots), effort.fewer_runs))
        rows.append(tuple(row))
    heads = (
        "rate and rise",
        "to reach",
        f"as Loc, {places[0]}",
        f"**median, {places[1]:.3f}**",
        f"as Center, {places[2]}",
        *(f"median, {lots} lots a day" for lots in _FABS[1:]),
    )
    title = (
        f"Process: wafers until a rise rings, mean of {effort.runs} runs for the median clustering and"
        f" of {effort.fewer_runs} for the others (90th percentile)."
    )
    return _table(title, heads, rows)


def _delay(rng: np.random.Generator, place: float, rise: Rise, rules: Rules, runs: int) -> str:
    drawn = (process.delay(rng, place, rise, rules.process) for _ in range(runs))
    delays = [each for each in drawn if each is not None]
    return f"{np.mean(delays):.0f} ({np.percentile(delays, 90):.0f})"


def _false_alarms(estimate: Estimate, rules: Rules, effort: Effort) -> tuple[str, float]:
    """The fab of WM-811K's rates, and those in which one of its labels is one of the targets'."""
    rng = np.random.default_rng(SEED)
    alone = {
        name: process.false_alarms(rng, each, rules.process, effort.months) / effort.months
        for name, each in estimate.labels.items()
    }
    base = sum(alone.values())
    rows = [("lots of WM-811K themselves, drawn again and again", f"{base:.2f}")]
    totals = [base]
    for rise, _ in _TARGETS:
        place = Clustering(rise.rate, estimate.median)
        rings = process.false_alarms(rng, place, rules.process, effort.months, process.lots)
        totals.append(base - alone["Edge-Loc"] + rings / effort.months)
        rows.append((f"a label of {rise.rate:.0%} instead of Edge-Loc", f"{totals[-1]:.2f}"))
    rows += _robustness(rng, estimate, effort)
    title = f"Process: alarms for nothing in 30 days, eight labels together ({effort.months} fabs, each just armed)."
    return _table(title, ("fab", "alarms"), rows), max(totals)


def _robustness(
    rng: np.random.Generator, estimate: Estimate, effort: Effort
) -> list[tuple[str, str]]:
    months, labels = effort.fewer_months, list(estimate.labels.values())

    def rate(rules: process_drift.Rules, labels: list[Clustering], draw: process.Draw) -> str:
        rings = sum(process.false_alarms(rng, each, rules, months, draw) for each in labels)
        return f"{rings / months:.2f}"

    rows = []
    for more in _THRESHOLDS:
        rules = process_drift.Rules(PROCESS_THRESHOLD + more)
        heading = f"lots of WM-811K, threshold {rules.threshold:.1f}"
        rows.append((heading, rate(rules, labels, process.real_lots)))
    rules = process_drift.Rules(PROCESS_THRESHOLD)
    rows.append(("beta-binomial lots", rate(rules, labels, process.lots)))
    twice = [Clustering(each.rate, 2 * each.clustering) for each in labels]
    rows.append(("beta-binomial lots, twice as clustered", rate(rules, twice, process.lots)))
    return rows


def _camera(rules: Rules, effort: Effort) -> tuple[str, float]:
    rng = np.random.default_rng(SEED)
    rows, rates = [], []
    for name, heavy in (("normal", False), ("heavy tails", True)):
        rings = camera.false_alarms(rng, rules.camera, effort.camera_months, heavy=heavy)
        rates.append(rings / effort.camera_months)
        delays = [
            np.mean([camera.delay(rng, shift, rules.camera, heavy=heavy) for _ in range(100)])
            for shift in camera.SHIFTS
        ]
        rows.append((name, f"{rates[-1]:.2f}", *(f"{each:.0f}" for each in delays)))
    heads = (
        "pictures",
        "alarms for nothing in 30 days",
        *(f"wafers of the camera until a shift of {shift:.0f} SD rings" for shift in camera.SHIFTS),
    )
    title = f"Cameras: {camera.CAMERAS} cameras, seven figures each; SD is that of a lot's mean."
    return _table(title, heads, rows), max(rates)


def _model(data: Path, rules: Rules, effort: Effort) -> tuple[str, float]:
    if not data.exists():
        return f"Model: left out, {data.name} is not there.", 0.0
    rng = np.random.default_rng(SEED)
    lots = model.saw(data, None, effort.lots)
    rate = model.suspicions(rng, lots, rules.model, effort.model_months) / effort.model_months
    confirmed = model.confirmed(rng, lots, rules.model, 5000)
    mixed = model.after(rng, lots, model.tripled(lots, "Scratch"), rules.model, effort.mixed_months)
    title = (
        f"Model: {len(lots)} lots of WM-811K that the shipped model never saw, drawn again and again. Suspicions for"
        f" nothing in 30 days: {rate:.2f}, of which an audit confirms {confirmed:.1%}; in the 30 days after lots with"
        f" Scratch come three times as often: {mixed:.2f}."
    )
    heads = (
        "made worse",
        "wrong",
        "found in 10,000 wafers",
        "wafers until suspicion",
        "audits that confirm",
    )
    rows = []
    for name, spoil in model.SPOILT.items():
        got = model.worse(
            rng,
            lots,
            model.saw(data, spoil, effort.spoilt_lots),
            rules.model,
            effort.spoilt_runs,
        )
        rows.append(
            (
                name,
                f"{got.wrong:.1%}",
                f"{got.found:.0%}",
                f"{got.wafers:.0f}",
                f"{got.confirmed:.0%}",
            )
        )
    return _table(title, heads, rows), rate * confirmed


def _table(title: str, heads: Sequence[str], rows: Sequence[tuple[str, ...]]) -> str:
    ruler = "|".join(["---"] + ["---:"] * (len(heads) - 1))
    lines = [title, "", "| " + " | ".join(heads) + " |", f"|{ruler}|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])
