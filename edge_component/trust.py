"""Who vouches for a bundle: the public keys that a device was told, and the signature beside the manifest."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from awscrt.crypto import EC  # type: ignore[import-untyped]  # ships no types

from fabwafer.bundle import MANIFEST
from fabwafer.errors import BundleError
from fabwafer.signature import SIGNATURE, Signature, read_signature, signed_bytes

_P256_BYTES = 32


def public_key(text: str) -> bytes:
    """Return a public key's DER.

    Args:
        text: Base64 of SubjectPublicKeyInfo, as `aws kms get-public-key` prints it.

    Raises:
        ValueError: If it is no public key on the curve P-256.
    """
    try:
        der = base64.b64decode(text, validate=True)
        if len(EC.new_key_from_der_data(der).get_public_coords().x) == _P256_BYTES:
            return der
    except (binascii.Error, ValueError, RuntimeError) as error:  # awscrt raises the last
        raise ValueError(f"a public key in DER, base64 ({error})") from error
    raise ValueError("a public key on the curve P-256")


class Keys:
    """The keys that may sign a bundle; without any, nothing is asked of one."""

    def __init__(self, ders: Sequence[bytes] = ()) -> None:
        """Take public keys in DER, as `public_key` returns them."""
        self._keys = {
            hashlib.sha256(der).hexdigest(): EC.new_key_from_der_data(der) for der in ders
        }

    @property
    def ask(self) -> bool:
        """Tell whether a bundle must be signed."""
        return bool(self._keys)

    def vouch(self, folder: Path) -> Signature | None:
        """Return the signature of a bundle's manifest; None only where none is asked for.

        What is returned although nobody asked is of this manifest, but its value was not checked.

        Raises:
            BundleError: If a signature is asked for and there is none, or it is not one of our keys' over this manifest.
        """
        if self._keys:
            return self._verified(folder)
        with suppress(BundleError):
            signature = read_signature(folder)
            if signature and signature.manifest_sha256 == _manifest_sha256(folder):
                return signature
        return None

    def _verified(self, folder: Path) -> Signature:
        path = folder / SIGNATURE
        signature = read_signature(folder)
        if signature is None:
            raise BundleError(f"{path}: expected a signature by one of model_keys, got none")
        if (found := _manifest_sha256(folder)) != signature.manifest_sha256:
            raise BundleError(
                f"{path}: manifest_sha256: expected {signature.manifest_sha256}, got {found}"
            )
        key = self._keys.get(signature.key)
        if key is None:
            raise BundleError(f"{path}: key: expected one of model_keys, got {signature.key}")
        if not _is_made_by(key, signature):
            raise BundleError(f"{path}: value: expected the signature of {signature.key}, got none")
        return signature


def _manifest_sha256(folder: Path) -> str:
    path = folder / MANIFEST
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}") from error


def _is_made_by(key: EC, signature: Signature) -> bool:
    said = signed_bytes(signature.model, signature.serial, signature.manifest_sha256)
    with suppress(binascii.Error, ValueError, RuntimeError):  # awscrt raises the last
        value = base64.b64decode(signature.value, validate=True)
        return bool(key.verify(hashlib.sha256(said).digest(), value))
    return False
