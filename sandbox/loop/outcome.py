"""What a run of the loop came to: the field names are the keys of its JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sandbox.loop.story import Step


@dataclass(frozen=True)
class Outcome:
    """All figures of a run.

    Attributes:
        left_out: The class that the first model had never seen.
        summary: What happened, in a sentence.
        recall_before: Share of held-out wafers that the first model calls right, by label.
        recall_after: The same of the model that every camera runs at the end.
        steps: What happened, in order.
        problems: What is not as it must be; empty is success.
        minutes: The whole run.
    """

    left_out: str
    summary: str
    recall_before: Mapping[str, float]
    recall_after: Mapping[str, float]
    steps: Sequence[Step]
    problems: Sequence[str]
    minutes: float

    def to_json(self) -> str:
        """Return the JSON."""
        return json.dumps(asdict(self), indent=1) + "\n"
