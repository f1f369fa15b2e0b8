"""Who vouches for a bundle: one signature over its manifest's hash, and so over every file that the manifest names."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fabwafer.errors import BundleError
from fabwafer.fields import ModelName, Sha256

SIGNATURE = "signature.json"
"""Beside the manifest; not one of the files that it names."""


class Signature(BaseModel):
    """ECDSA on P-256 with SHA-256 over `signed_bytes`, as AWS KMS makes it (`ECDSA_SHA_256`).

    Attributes:
        model: The bundle's name@version.
        serial: Counts everything that was ever signed for a fleet, the way back to an older model too: what has a
            lower serial than a device has run was superseded.
        manifest_sha256: Of the manifest's bytes.
        key: SHA-256 of the public key in DER (SubjectPublicKeyInfo): which key signed.
        value: The signature in DER, base64.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", regex_engine="python-re")

    format: Annotated[int, Field(ge=1, le=1)] = 1
    model: ModelName
    serial: Annotated[int, Field(ge=1)]
    manifest_sha256: Sha256
    key: Sha256
    value: Annotated[str, Field(min_length=1, max_length=200)]


def signed_bytes(model: str, serial: int, manifest_sha256: str) -> bytes:
    """Return what a signature is made over."""
    return f"fabwafer model\n{model}\n{serial}\n{manifest_sha256}\n".encode()


def read_signature(folder: Path) -> Signature | None:
    """Read a bundle's signature; None if it has none.

    Raises:
        BundleError: If there is one that cannot be read.
    """
    path = folder / SIGNATURE
    try:
        return Signature.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "signature"
        raise BundleError(
            f"{path}: {field}: {first['msg']}, got {first['input']!r:.120}"
        ) from error
