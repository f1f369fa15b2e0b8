"""What the WM-811K labels mean, until a fab's people write it better: shown beside the buttons that answer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LabelText:
    """A label's meaning, and what tells it from each label that it is taken for."""

    meaning: str
    neighbours: tuple[tuple[str, str], ...] = ()


WM811K_TEXTS = {
    "none": LabelText(
        "Failing dies, if any, lie about without a pattern, and few of them.",
        (
            ("Random", "Random fails everywhere and much; here most dies pass."),
            ("Loc", "A Loc has one cluster that a finger could cover; here no group stands out."),
        ),
    ),
    "Center": LabelText(
        "A round patch of failing dies in the middle of the wafer.",
        (
            ("Donut", "A Donut passes again in its middle."),
            ("Loc", "A Loc lies off the middle, or is not round."),
        ),
    ),
    "Donut": LabelText(
        "A ring of failing dies around a middle that passes, well inside the edge.",
        (
            ("Center", "A Center fails in its middle too."),
            ("Edge-Ring", "An Edge-Ring lies on the rim, with no passing dies outside it."),
        ),
    ),
    "Edge-Loc": LabelText(
        "A cluster of failing dies that touches the rim along a part of it.",
        (
            ("Edge-Ring", "An Edge-Ring goes most of the way round."),
            ("Loc", "A Loc keeps away from the rim."),
        ),
    ),
    "Edge-Ring": LabelText(
        "Failing dies along most of the rim.",
        (
            ("Edge-Loc", "An Edge-Loc covers a part of the rim, less than half of it."),
            ("Donut", "A Donut has passing dies between itself and the rim."),
        ),
    ),
    "Loc": LabelText(
        "One compact cluster of failing dies inside the wafer, off its middle.",
        (
            ("Edge-Loc", "An Edge-Loc reaches the rim."),
            ("Center", "A Center lies in the middle and is round."),
            ("Scratch", "A Scratch is a line, much longer than wide."),
        ),
    ),
    "Near-full": LabelText(
        "Nearly every die fails.",
        (("Random", "In a Random many dies still pass, spread over the whole wafer."),),
    ),
    "Random": LabelText(
        "Many failing dies all over the wafer, with passing ones between them.",
        (
            ("Near-full", "In a Near-full hardly any die passes."),
            ("none", "In none the failing dies are few."),
        ),
    ),
    "Scratch": LabelText(
        "A line of failing dies, straight or curved, often only one or two dies wide.",
        (
            ("Loc", "A Loc is about as wide as long."),
            ("Edge-Loc", "An Edge-Loc follows the rim; a scratch crosses the dies."),
        ),
    ),
}
