"""Wafer-map labels: a set belongs to a model bundle; aliases are told apart by letters and digits alone."""

from dataclasses import dataclass

from fabwafer.errors import ContractError


@dataclass(frozen=True)
class LabelSet:
    """The canonical labels of one model, in the order of its outputs, and which of them means "no defect"."""

    names: tuple[str, ...]
    normal: str

    def __post_init__(self) -> None:
        """Refuse sets in which a label could mean two things."""
        if self.normal not in self.names:
            raise ContractError("normal", self.normal, f"one of {', '.join(self.names)}")
        if len({_fold(name) for name in self.names}) != len(self.names):
            raise ContractError(
                "labels", self.names, "labels that differ by more than case and punctuation"
            )

    def canonical(self, text: str) -> str:
        """Return the label that `text` spells in any case and punctuation (`edge_loc` is `Edge-Loc`).

        Raises:
            ContractError: If no label of the set is meant.
        """
        wanted = _fold(text)
        for name in self.names:
            if _fold(name) == wanted:
                return name
        raise ContractError("prediction", text, f"one of {', '.join(self.names)}")

    def is_defect(self, label: str) -> bool:
        """Tell whether a canonical label names a defect."""
        return label != self.normal


def _fold(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


WM811K = LabelSet(
    ("none", "Center", "Donut", "Edge-Loc", "Edge-Ring", "Loc", "Near-full", "Random", "Scratch"),
    normal="none",
)
