"""A bundle's folder -> its manifest and the files of its report, each of them checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from fabwafer.bundle import MANIFEST, MODEL, Manifest, read_bundle
from fabwafer.errors import ContractError
from fabwafer.fields import contract_error
from training.card.exported import Data, Exported
from training.card.measured import Bench, BenchLine, LearningCurve, Measured, Protocols, Refusals
from training.data.lots import Split
from training.worth.files import BENCH, LEARNING_CURVE, PROTOCOLS, REFUSALS, REPORT, TEST

Kind = TypeVar("Kind", bound=BaseModel)


@dataclass(frozen=True)
class Report:
    """Everything a card and its figures are made of; what was not measured is None."""

    manifest: Manifest
    exported: Exported
    data: Data
    test: Measured
    learning_curve: LearningCurve | None
    protocols: Protocols | None
    bench: Sequence[BenchLine]
    refusals: Refusals | None

    @classmethod
    def read(cls, bundle: Path) -> Self:
        """Read a bundle's manifest and its report.

        Raises:
            BundleError: If the bundle is incomplete or was altered.
            ContractError: If a file of the report is missing, broken, or of another model.
        """
        manifest = read_bundle(bundle)
        folder = bundle / REPORT
        data = _valid(bundle / MANIFEST, "data", manifest.data, Data)
        test = _parsed(folder / TEST, Measured)
        _require(folder / TEST, "sha256", test.sha256, manifest.files[MODEL])
        _require(folder / TEST, "manifest", test.manifest, manifest.sha256)
        _require(folder / TEST, "data", test.data, data.digest)
        _require(folder / TEST, "split", test.split, Split.TEST)
        bench = _if_there(folder / BENCH, Bench)
        for each in bench.root if bench else ():
            _require(folder / BENCH, "manifest", each.manifest or manifest.sha256, manifest.sha256)
        refusals = _if_there(folder / REFUSALS, Refusals)
        if refusals:
            _require(folder / REFUSALS, "manifest", refusals.manifest, manifest.sha256)
            _require(folder / REFUSALS, "data", refusals.data, data.digest)
        return cls(
            manifest,
            _valid(bundle / MANIFEST, "metrics", manifest.metrics, Exported),
            data,
            test,
            _if_there(folder / LEARNING_CURVE, LearningCurve),
            _if_there(folder / PROTOCOLS, Protocols),
            bench.root if bench else (),
            refusals,
        )


def _require(path: Path, field: str, found: str | None, expected: str | None) -> None:
    """Refuse figures of another model, other thresholds or other wafers."""
    if found != expected:
        raise ContractError(f"{path}: {field}", found, f"{expected}, as this bundle's")


def _if_there(path: Path, kind: type[Kind]) -> Kind | None:
    return _parsed(path, kind) if path.exists() else None


def _parsed(path: Path, kind: type[Kind]) -> Kind:
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ContractError(str(path), error.strerror, "a file of figures") from error
    except ValidationError as error:
        raise _broken(str(path), error) from error


def _valid(path: Path, part: str, values: Mapping[str, JsonValue], kind: type[Kind]) -> Kind:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise _broken(f"{path}: {part}", error) from error


def _broken(place: str, error: ValidationError) -> ContractError:
    first = error.errors()[0]
    return contract_error(first, f"{place}: {'.'.join(map(str, first['loc'])) or 'file'}")
