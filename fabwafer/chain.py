"""A wafer's chain, from its picture to the models that learned from it -> the links that are missing. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Learned:
    """One dataset that holds a wafer.

    Attributes:
        dataset: Its number.
        kept: Whether its paper is.
        training: How its training fares, None if there was none.
        model: The model that came of it, None if none did (yet).
        model_kept: Whether that model's paper is kept.
    """

    dataset: str
    kept: bool
    training: str | None = None
    model: str | None = None
    model_kept: bool = False


@dataclass(frozen=True)
class Chain:
    """What is kept of one wafer.

    Attributes:
        told: SHA-256 of its picture, as its camera told it.
        archived: SHA-256 of the picture in the archive.
        model: Who classified it, name@version.
        has_thresholds: Whether that model's labels and thresholds are kept.
        serial: Of the signature of the bundle that classified it, None if that was not checked.
        has_model: Whether a paper of that model is kept.
        is_signed: Whether that paper names the key that signed it.
        asked: Why triage asked a person, None if it did not.
        has_review: Whether there is a work item.
        is_whole: Whether the work item's chain of events is.
        is_settled: Whether there is an answer that counts.
        learned: The datasets that hold it.
    """

    told: str | None
    archived: str | None
    model: str | None
    has_thresholds: bool
    serial: int | None = None
    has_model: bool = False
    is_signed: bool = False
    asked: str | None = None
    has_review: bool = False
    is_whole: bool = True
    is_settled: bool = False
    learned: tuple[Learned, ...] = ()


def gaps(chain: Chain) -> tuple[str, ...]:
    """Return what a chain lacks, a sentence each; nothing for a chain that can be followed to both ends."""
    return (*_of_picture(chain), *_of_model(chain), *_of_review(chain), *_of_learning(chain))


def _of_picture(chain: Chain) -> Iterator[str]:
    if chain.archived is None:
        yield "The picture is not in the archive."
    if chain.told is None:
        yield "The camera told no hash of the picture."
    elif chain.archived not in {None, chain.told}:
        yield "The picture in the archive is not the one that the camera classified."


def _of_model(chain: Chain) -> Iterator[str]:
    if chain.model is None:
        yield "The camera named no model."
        return
    if not chain.has_thresholds:
        yield f"No thresholds are kept of {chain.model}."
    if chain.is_signed and chain.serial is None:
        yield f"{chain.model} is signed, but the camera checked no signature."
    if chain.serial is not None and not chain.has_model:
        yield f"The camera checked a signature of {chain.model}, but nothing is kept of that model."


def _of_review(chain: Chain) -> Iterator[str]:
    if chain.asked and not chain.has_review:
        yield f"A person was to be asked ({chain.asked}), but was not yet."
    if not chain.is_whole:
        yield "The chain of what people did is broken."
    if chain.learned and not chain.is_settled:
        yield "A dataset holds an answer that no longer counts."


def _of_learning(chain: Chain) -> Iterator[str]:
    for each in chain.learned:
        if not each.kept:
            yield f"Nothing is kept of dataset {each.dataset}."
        if each.training is None:
            yield f"Nothing was trained on dataset {each.dataset}."
        if each.model is not None and not each.model_kept:
            yield f"Nothing is kept of {each.model}, which learned from dataset {each.dataset}."
