"""Decisions on calibration lots -> what the promise covers, label by label.

The promise is for defects as calibration lots have them, all labels together: it says little of a label that they have
few wafers of, and nothing of one that they lack, as a label may that people have only begun to answer.
"""

from dataclasses import asdict

import numpy as np
from pydantic import JsonValue

from training.bundle.screening import certify
from training.worth.metrics import Decisions


def uncovered(calibration: Decisions) -> list[str]:
    """Return the defect labels that calibration lots have no wafer of: a person is to see every call of them."""
    there = np.bincount(calibration.truth, minlength=len(calibration.labels))
    names = zip(calibration.labels, there.tolist(), strict=True)
    return [
        name
        for name, count in names
        if not count and name != calibration.labels[calibration.normal]
    ]


def by_label(calibration: Decisions) -> dict[str, JsonValue]:
    """Return for each defect label how many of its wafers pass as normal unseen, with a 95 % bound for it alone.

    `sure` is by the policy's thresholds, which were chosen on these lots; the bound takes no account of that, nor of
    the other labels. None where there is no wafer: nothing is promised.
    """
    sure = calibration.accepted if calibration.sure is None else calibration.sure
    escapes = sure & ~calibration.blocked & (calibration.predicted == calibration.normal)
    told: dict[str, JsonValue] = {}
    for position, name in enumerate(calibration.labels):
        members = calibration.truth == position
        if position != calibration.normal:
            certified = (
                certify(escapes[members], calibration.lots[members]) if members.any() else None
            )
            told[name] = asdict(certified) if certified else None
    return told
