"""Stored predictions -> what the drift detectors want to know of them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import cast

from pydantic import ValidationError

from fabwafer.camera_drift import figures
from fabwafer.lots_under_way import Seen
from fabwafer.messages import PictureState
from lambdas.records import Item, int_of, text_of


def seen_of(row: Item) -> Seen:
    """Return what is known of a wafer; a refused picture has no label."""
    return Seen(
        camera=str(row["camera"]),
        lot=text_of(row, "lot"),
        at_ms=int_of(row["timestamp"]),
        label=None if "refused" in row else str(row["prediction"]),
        model=text_of(row, "model"),
        scores=_scores(row),
        figures=_figures(row),
    )


def _scores(row: Item) -> dict[str, float] | None:
    if "scores" not in row:
        return None
    scores = cast("Mapping[str, Decimal]", row["scores"])
    return {label: float(score) for label, score in scores.items()}


def _figures(row: Item) -> dict[str, float]:
    """What an older component says of its pictures, in another form, tells nothing."""
    if "picture" not in row:
        return {}
    told = dict(cast("Mapping[str, object]", row["picture"]))
    told["levels"] = tuple(cast("list[object]", told.get("levels", ())))
    try:
        return figures(PictureState.model_validate(told, strict=False))
    except ValidationError:
        return {}
