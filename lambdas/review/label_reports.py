"""What the review API tells about labels and their meaning; times are epoch milliseconds."""

from typing import Annotated

from pydantic import Field

from lambdas.review.views import View


class NeighbourView(View):
    """A label that is easily taken for this one."""

    label: str
    difference: str


class LabelView(View):
    """What a label means."""

    label: str
    normal: bool
    taught: Annotated[bool, Field(description="false for a label that people alone can give")] = (
        True
    )
    meaning: str
    neighbours: tuple[NeighbourView, ...] = ()
    examples: tuple[str, ...] = ()
    version: int = 0
    changed_by: str | None = None
    changed_ms: int | None = None


class LabelBook(View):
    """The labels that may be answered, with their meaning in a fab."""

    fab: str
    model: str | None = None
    labels: tuple[LabelView, ...]
