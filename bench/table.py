"""Rows of figures, as a table for people."""

import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

KEPT = Path(__file__).parents[1] / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Row:
    """One figure: what was measured, how much, of what unit, and how."""

    what: str
    value: float
    unit: str
    how: str


def markdown(rows: Iterable[Row]) -> str:
    """Return the table with the machine's name."""
    lines = ["| what | figure | how |", "|---|---:|---|"]
    lines += [f"| {row.what} | {_readable(row.value)} {row.unit} | {row.how} |" for row in rows]
    return "\n".join([machine(), "", *lines, ""])


def keep(section: str, text: str, document: Path = KEPT) -> None:
    """Replace what stands between a section's two markers in a document.

    Raises:
        ValueError: If the document has no such markers.
    """
    content = document.read_text()
    first, last = f"<!-- {section} -->\n", f"<!-- /{section} -->\n"
    if not 0 <= content.find(first) < content.find(last):
        raise ValueError(f"{document}: expected {first.strip()} and, after it, {last.strip()}")
    before, _, rest = content.partition(first)
    fresh = document.with_suffix(".part")
    fresh.write_text(f"{before}{first}\n{text.strip()}\n\n{last}{rest.partition(last)[2]}")
    fresh.rename(document)


def machine() -> str:
    """Return what the figures were measured on."""
    processor = platform.processor() or platform.machine()
    with Path("/proc/cpuinfo").open() as lines:
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    named = f"{len(names)} x {names[0]}" if names else processor
    return f"{named}, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _readable(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"
