"""The outcome of a run: numbers for machines, a summary for people. Pure but for the printing."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from sandbox.subscriber import AlertMessage
from sandbox.verify import Expected, Found, Played, discrepancies

_WINDOW_MS = 1000


@dataclass(frozen=True)
class Percentiles:
    """How long it took, in milliseconds."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Report:
    """What a run came to; the field names are the keys of the JSON.

    Attributes:
        published: Wafers that the cameras captured and delivered.
        stored: Predictions in the table.
        archived: Pictures in the bucket.
        alerts: Wafers named in alerts.
        reviews: Work items opened.
        expected: The same counts, computed anew from what the cameras logged.
        alert_messages: Messages on the alert topic.
        alert_messages_per_s: The most of them in any one second.
        lost: Wafers that a camera logged and that are not stored and archived.
        duplicates: Wafers that are there, or alerted, more than once.
        quarantined: Messages put aside as broken.
        dead_letters: Messages that could not be handled.
        accuracy: Share of wafers whose class the model got right; None without known classes.
        latency_ms: From the camera's capture to the record in the table.
        wafers_per_s: Wafers by the time from the first record to the last record and picture.
        setup_s: From the start to the first camera: emulator, deployment, certificates.
        total_s: From the start to this report.
        problems: What is not as it must be.
    """

    published: int
    stored: int
    archived: int
    alerts: int
    reviews: int
    expected: dict[str, int]
    alert_messages: int
    alert_messages_per_s: int
    lost: int
    duplicates: int
    quarantined: int
    dead_letters: int
    accuracy: float | None
    latency_ms: Percentiles
    wafers_per_s: float
    setup_s: float
    total_s: float
    problems: list[str]

    def to_json(self) -> str:
        """Return the JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"


def report(
    played: Sequence[Played], expected: Expected, found: Found, setup_s: float, total_s: float
) -> Report:
    """Sum a run up."""
    stored_ms = {
        (str(item["imgid"]), int(item["timestamp"])): int(item["stored_ms"])
        for item in found.stored
    }
    lost = [
        each for each in played if each.wafer not in stored_ms or each.key not in found.archived
    ]
    alerted = found.alerted()
    wafers = [each.wafer for each in played]
    return Report(
        published=len(played),
        stored=len(found.stored),
        archived=len(found.archived),
        alerts=len(set(alerted)),
        reviews=len(found.reviews),
        expected={
            "stored": len(set(wafers)),
            "archived": len({each.key for each in played}),
            "alerts": len(expected.alerts),
            "reviews": len(expected.reviews),
        },
        alert_messages=len(found.alerts),
        alert_messages_per_s=busiest_second(found.alerts),
        lost=len(lost),
        duplicates=len(wafers) - len(set(wafers)) + len(alerted) - len(set(alerted)),
        quarantined=len(found.quarantined),
        dead_letters=sum(found.leftovers.values()),
        accuracy=_accuracy(played),
        latency_ms=_latency(played, stored_ms),
        wafers_per_s=_rate(found),
        setup_s=round(setup_s, 1),
        total_s=round(total_s, 1),
        problems=discrepancies(played, expected, found),
    )


def busiest_second(messages: Sequence[AlertMessage]) -> int:
    """Return how many messages fell into the busiest second, wherever that second begins."""
    times = sorted(message.sent_ms for message in messages)
    first = most = 0
    for last, time_ms in enumerate(times):
        while time_ms - times[first] >= _WINDOW_MS:
            first += 1
        most = max(most, last - first + 1)
    return most


def _accuracy(played: Sequence[Played]) -> float | None:
    known = [each.logged for each in played if each.logged.truth is not None]
    right = sum(logged.prediction == logged.truth for logged in known)
    return round(right / len(known), 4) if known else None


def _latency(played: Sequence[Played], stored_ms: dict[tuple[str, int], int]) -> Percentiles:
    took = sorted(
        stored_ms[each.wafer] - each.logged.captured_at
        for each in played
        if each.wafer in stored_ms
    )
    return Percentiles(
        *(float(took[int(share * (len(took) - 1))]) if took else 0.0 for share in (0.5, 0.95, 0.99))
    )


def _rate(found: Found) -> float:
    stored = [int(item["stored_ms"]) for item in found.stored]
    arrived = stored + [picture.archived_ms for picture in found.archived.values()]
    if not stored:
        return 0.0
    return round(len(stored) / max(max(arrived) - min(stored), 1) * 1000, 1)


def show(result: Report, console: Console) -> None:
    """Print the summary."""
    table = Table(title="FabWafer: what became of the wafers", title_justify="left")
    table.add_column("")
    table.add_column("found", justify="right")
    table.add_column("expected", justify="right")
    for name, wanted in {"published": result.published, **result.expected}.items():
        table.add_row(name, str(getattr(result, name)), str(wanted))
    for name in ("lost", "duplicates", "quarantined", "dead_letters"):
        table.add_row(name.replace("_", " "), str(getattr(result, name)), "0")
    console.print(table)
    for name, value in _figures(result).items():
        console.print(f"{name:<28}{value}")
    for problem in result.problems:
        console.print(f"[bold red]not as it must be:[/] {problem}", highlight=False)
    if not result.problems:
        console.print(
            "[bold green]Everything arrived once and was decided as its thresholds say.[/]"
        )


def _figures(result: Report) -> dict[str, Any]:
    accuracy = "unknown" if result.accuracy is None else f"{result.accuracy:.1%}"
    latency = result.latency_ms
    return {
        "accuracy": accuracy,
        "camera to table": f"p50 {latency.p50:.0f} ms, p95 {latency.p95:.0f} ms, p99 {latency.p99:.0f} ms",
        "wafers a second": result.wafers_per_s,
        "alert messages": f"{result.alert_messages}, at most {result.alert_messages_per_s} in a second",
        "setup": f"{result.setup_s} s of {result.total_s} s in all",
    }
