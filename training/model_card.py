"""A manifest -> MODEL_CARD.md: every figure comes from the manifest, nothing is typed by hand."""

from typing import Any

from fabwafer.bundle import Manifest

CARD = "MODEL_CARD.md"

_TEXT = """# {model}

Classifies a wafer map (a picture or grid of dies that pass and fail) by the pattern of its failing dies.
{multiply_adds:.1f} million multiply-adds, {size:.2f} MB, int8.

Meant for sorting wafers and calling people's attention; a person decides on what the thresholds below do not cover.
Not meant for single dies, for pictures that are no wafer maps, or as the only ground for scrapping a wafer.

## Figures
On {wafers} wafers of {lots} lots that were used for nothing else, every one of them, at their natural prior.
Intervals: 95 %, bootstrap over lots.

| | int8 (shipped) | fp32 |
|---|---|---|
| macro-F1 | {macro_f1:.4f} ({low:.3f} to {high:.3f}) | {fp32[macro_f1]:.4f} |
| accuracy (always `{normal}`: {majority_baseline:.4f}) | {accuracy:.4f} | {fp32[accuracy]:.4f} |
| calibration error (ECE, 15 bins) | {ece:.4f} | {fp32[ece]:.4f} |

| class | wafers | precision | recall | F1 | F1 fp32 |
|---|---|---|---|---|---|
{classes}

Defect or not: recall {binary[recall]:.4f}, precision {binary[precision]:.4f};
precision at 98.7 % recall {at_recall:.4f}, recall at 97 % precision {at_precision:.4f}.

## Who looks
Accepted without a person: {accepting[coverage]:.4f} of these wafers, {accepting[risk]:.4f} of them wrong.
Promise, with {promise[confidence]:.0%} confidence, found on the calibration lots ({promise[method]}):

| | promised | observed there | bound | seen on the test lots |
|---|---|---|---|---|
| defective wafers that pass as `{normal}` unseen | {promise[max_escapes]:.3f} | {escape[observed]:.4f} | {escape[bound]:.4f} | {accepting[escapes]:.4f} |
| accepted defect calls that are wrong | {promise[max_wrong_defect_calls]:.3f} | {wrong[observed]:.4f} | {wrong[bound]:.4f} | {accepting[wrong_defect_calls]:.4f} |

The promise holds for lots like these: another product, tester or period needs thresholds of its own.

## Limits
Labels are single, although some wafers show two patterns. Most errors are defects called `{normal}`.
No novelty score yet: a picture that is no wafer map is classified all the same.

## Data
WM-811K, {data[wafers]} labelled wafers, sha256 {data[sha256]}; split by lot, seed {data[split_seed]}:
{parts}. Maps equal under rotation and reflection never cross splits.

Copyright 2015 Jyh-Shing Roger Jang. Redistribution and use of the data set, with or without modification, are
permitted provided that the copyright notice, the list of conditions and these two citations are kept:

1. Ming-Ju Wu, Jyh-Shing Roger Jang, and Jui-Long Chen, "Wafer Map Failure Pattern Recognition and Similarity
   Ranking for Large-Scale Data Sets," in IEEE Transactions on Semiconductor Manufacturing, vol. 28, no. 1,
   pp. 1-12, Feb. 2015, doi: 10.1109/TSM.2014.2364237.
2. MIR-WM811K: Dataset for wafer map failure pattern recognition, 2015, http://mirlab.org/dataset/public/
"""


def model_card(manifest: Manifest) -> str:
    """Return the card of a bundle whose manifest has the metrics and data that export writes."""
    metrics: dict[str, Any] = dict(manifest.metrics)
    promise, binary = metrics["promise"], metrics["binary"]
    low, high = metrics["interval_95"]["macro_f1"]
    normal = manifest.policy.normal
    return _TEXT.format(
        model=manifest.model,
        **{name: metrics[name] for name in _PLAIN},
        size=metrics["size_bytes"] / 1e6,
        multiply_adds=metrics["multiply_adds"] / 1e6,
        low=low,
        high=high,
        normal=normal,
        binary=binary,
        at_recall=binary["precision_at_recall_98.7"],
        at_precision=binary["recall_at_precision_97"],
        promise=promise,
        escape=promise["thresholds"][normal],
        wrong=promise["thresholds"]["defects"],
        classes=_rows(metrics),
        data=manifest.data,
        parts=_parts(dict(manifest.data)),
    )


_PLAIN = ("wafers", "lots", "macro_f1", "accuracy", "majority_baseline", "ece", "fp32", "accepting")


def _rows(metrics: dict[str, Any]) -> str:
    return "\n".join(
        f"| {label} | {row['support']} | {row['precision']:.3f} | {row['recall']:.3f} | {row['f1']:.3f} "
        f"| {metrics['fp32']['classes'][label]['f1']:.3f} |"
        for label, row in metrics["classes"].items()
    )


def _parts(data: dict[str, Any]) -> str:
    return ", ".join(f"{split} {count}" for split, count in data["parts"].items())
