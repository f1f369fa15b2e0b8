"""A loop's outcome as a page that can be read without anything else."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from sandbox.loop.outcome import Outcome

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1b1f24; background: #fff }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #d0d7de }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.bar { display: inline-block; height: .7em; background: #2563c9 }
.bar.before { background: #9aa5b1 }
.wrong { color: #b42318 }
dl { display: grid; grid-template-columns: max-content auto; gap: 0 .8rem; margin: 0 }
dt { color: #57606a } dd { margin: 0; overflow-wrap: anywhere }
@media (prefers-color-scheme: dark) {
  body { color: #e6edf3; background: #0d1117 } th, td { border-color: #30363d } dt { color: #8b949e } }
"""


def page(outcome: Outcome) -> str:
    """Return the page."""
    verdict = "closed" if not outcome.problems else "did not close as it should"
    parts = [
        f"<h1>The loop {verdict}</h1>",
        f"<p>{escape(outcome.summary)}</p>",
        _problems(outcome),
        f"<h2>Recall on wafers that nobody learned from: {escape(outcome.left_out)}</h2>",
        _recall(outcome),
        "<h2>Step by step</h2>",
        _steps(outcome),
    ]
    head = f"<meta charset='utf-8'><title>FabWafer: the loop</title><style>{_STYLE}</style>"
    return (
        f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(parts)}</body></html>\n"
    )


def _problems(outcome: Outcome) -> str:
    items = "".join(f"<li class='wrong'>{escape(each)}</li>" for each in outcome.problems)
    return f"<ul>{items}</ul>" if items else ""


def _recall(outcome: Outcome) -> str:
    rows = []
    for label in sorted(outcome.recall_after):
        before, after = outcome.recall_before.get(label, 0.0), outcome.recall_after[label]
        bars = "".join(
            f"<div><span class='bar {kind}' style='width:{value * 16:.2f}rem'></span> {value:.3f}</div>"
            for kind, value in (("before", before), ("after", after))
        )
        name = f"<b>{escape(label)}</b>" if label == outcome.left_out else escape(label)
        rows.append(f"<tr><th>{name}</th><td>{bars}</td></tr>")
    return (
        f"<table>{''.join(rows)}</table><p>Grey: the first model. Blue: the one that learned.</p>"
    )


def _steps(outcome: Outcome) -> str:
    rows = [
        f"<tr><td class='number'>{step.at_s / 60:.1f} min</td><td class='number'>{step.took_s:.0f} s</td>"
        f"<th>{escape(step.name)}</th><td>{_facts(step.figures)}</td></tr>"
        for step in outcome.steps
    ]
    return f"<table><tr><th>at</th><th>took</th><th>step</th><th>figures</th></tr>{''.join(rows)}</table>"


def _facts(figures: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<dt>{escape(name.replace('_', ' '))}</dt><dd>{_value(value)}</dd>"
        for name, value in figures.items()
    )
    return f"<dl>{rows}</dl>"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return _facts(value)
    if isinstance(value, list | tuple):
        return "<br>".join(_value(each) for each in value)
    return escape(value if isinstance(value, str) else json.dumps(value))
