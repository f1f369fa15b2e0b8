"""Points of a learning curve: each a network, made once and kept in a folder with its figures."""

import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from pydantic import JsonValue

from fabwafer.errors import ContractError
from training.curve.methods import Method, Setting, distilled, from_labels, matched
from training.curve.shares import World
from training.data.lots import Split
from training.data.maps import Ints
from training.network.run import CHECKPOINT, Run, load, save
from training.network.step import logits_of
from training.worth.bootstrap import interval
from training.worth.files import write_json
from training.worth.metrics import (
    Decisions,
    Floats,
    confusion,
    macro_f1,
    precision_recall_f1,
    resampled,
)

MAPS = 40_000
RESULT = "point.json"
_PREDICTED = "predicted.npy"


@dataclass(frozen=True)
class Point:
    """One network: which share of the labels, used how; the seed draws the share, too."""

    method: Method
    share: float
    setting: Setting

    @property
    def seed(self) -> int:
        """Return what all of its randomness follows from."""
        return self.setting.recipe.seed

    def folder(self, out: Path) -> Path:
        """Return where its run lies."""
        return out / f"{self.method}-{self.share * 100:g}-{self.seed}"


class Curve:
    """The points of a world, made when they are asked for and kept in a folder.

    Args:
        world: What they learn from and are measured on.
        out: The folder.
        split: Whose lots they are measured on; test once a setting is chosen.
        maps: How many maps without labels are used.
    """

    def __init__(
        self, world: World, out: Path, split: Split = Split.TEST, maps: int = MAPS
    ) -> None:
        self.world, self.out, self.split, self.maps = world, out, split, maps

    def measured(self, point: Point) -> dict[str, JsonValue]:
        """Return the figures of a point.

        Raises:
            ContractError: If the folder has that point from other data or another setting.
        """
        folder = point.folder(self.out)
        if not self.finished(point):
            began = time.process_time()
            run = self._trained(point)
            save(run, folder)
            self._measure(point, run, time.process_time() - began)
        result: dict[str, JsonValue] = json.loads((folder / RESULT).read_text())
        for name, value in self._asked(point).items():
            if not holds(result.get(name), value):
                raise ContractError(f"{folder / RESULT}: {name}", result.get(name), f"{value}")
        return result

    def finished(self, point: Point) -> bool:
        """Tell whether the figures of a point are there."""
        return (point.folder(self.out) / RESULT).exists()

    def checkpoint(self, point: Point) -> Path:
        """Return where the network of a point lies once it is made."""
        return point.folder(self.out) / CHECKPOINT

    def _trained(self, point: Point) -> Run:
        lessons = self.world.lessons(point.share, point.seed)
        if point.method is Method.LABELS:
            return from_labels(point.setting, lessons)
        pool = self.world.pool(point.share, point.seed, self.maps)
        if point.method is Method.FIXMATCH:
            return matched(point.setting, lessons, pool)
        teacher = replace(point, method=Method.LABELS)
        self.measured(teacher)
        return distilled(
            point.setting, lessons, pool, load(teacher.folder(self.out), torch.device("cpu"))
        )

    def _measure(self, point: Point, run: Run, seconds: float) -> None:
        logits = logits_of(run.averaged, self.world.planes, self.world.parts[self.split])
        matrix = confusion(self._truth, logits.argmax(1), len(self.world.classes))
        result = {
            **self._asked(point),
            "labels": len(self.world.lessons(point.share, point.seed).indices),
            "macro_f1": float(macro_f1(matrix)),
            "interval_95": interval(macro_f1(self._resampled(logits.argmax(1)))),
            "validation_macro_f1": run.history[-1].validation_macro_f1,
            "f1": dict(
                zip(self.world.classes, precision_recall_f1(matrix)[2].tolist(), strict=True)
            ),
            "loss": run.history[-1].loss,
            "processor_s": round(seconds),
        }
        folder = point.folder(self.out)
        np.save(folder / _PREDICTED, logits.argmax(1).astype(np.uint8))
        write_json(folder / RESULT, result)

    @property
    def _truth(self) -> Ints:
        return self.world.labels[self.world.parts[self.split]]

    def _resampled(self, predicted: Ints) -> Floats:
        """Return confusion matrices of lots drawn with replacement, the same lots for every network."""
        lots = self.world.lots[self.world.parts[self.split]]
        size = len(self.world.classes)
        decisions = Decisions(
            truth=self._truth,
            predicted=predicted,
            probabilities=np.eye(size)[predicted],
            accepted=np.zeros(len(predicted), bool),
            lots=lots,
            labels=self.world.classes,
            normal=self.world.normal,
        )
        return resampled(decisions)

    def _asked(self, point: Point) -> dict[str, JsonValue]:
        """Return what decides the outcome, as it stands in JSON."""
        asked = {
            "share": point.share,
            "method": point.method,
            "seed": point.seed,
            "split": self.split,
            "data": self.world.digest,
            "setting": {**asdict(point.setting), "maps": self.maps},
        }
        plain: dict[str, JsonValue] = json.loads(json.dumps(asked))
        return plain

    def gain(self, point: Point) -> JsonValue:
        """Return the interval of what a finished point gains over `labels`, finished too, on the same resampled lots."""
        pair = (replace(point, method=Method.LABELS), point)
        less, more = (
            macro_f1(self._resampled(np.load(each.folder(self.out) / _PREDICTED).astype(np.int64)))
            for each in pair
        )
        return interval(more - less)


def holds(then: JsonValue, now: JsonValue) -> bool:
    """Tell whether all that was noted then is so now; what a recipe has been able to say since is not asked."""
    if isinstance(then, dict) and isinstance(now, dict):
        return all(holds(value, now.get(name)) for name, value in then.items())
    return then == now
