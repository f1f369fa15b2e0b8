"""A bundle that may go to the fleet -> the same bundle, signed with the next serial, in the models bucket."""

import base64
import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fabwafer.bundle import MANIFEST
from fabwafer.errors import ContractError
from fabwafer.signature import SIGNATURE, Signature, signed_bytes
from lambdas.loop.bundles import MAX_BUNDLE_BYTES, ZIP, pack, unpack
from lambdas.loop.ledger import Ledger
from lambdas.loop.records import MODEL, LinePaper
from lambdas.stores.keys import SigningKey
from lambdas.stores.model_files import ModelBucket


@dataclass(frozen=True)
class SignedBundle:
    """Where a signed bundle lies, and what vouches for it."""

    key: str
    signature: Signature


@dataclass(frozen=True)
class Signer:
    """Signs bundles. Takes kms:Sign, kms:GetPublicKey, the line's paper, and s3:GetObject and PutObject of bundles/."""

    ledger: Ledger
    files: ModelBucket
    key: SigningKey

    def sign(self, packed: bytes) -> SignedBundle:
        """Sign a bundle and keep it under its model and serial.

        A fault on the way costs a serial, nothing else: what was signed before is as good as ever.

        Raises:
            BundleError: If the bundle is damaged.
            ContractError: If there is no line of models yet.
        """
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            manifest = unpack(packed, folder)
            serial = next_serial(self.ledger)
            content = (folder / MANIFEST).read_bytes()
            signature = signature_of(self.key, manifest.model, serial, content)
            (folder / SIGNATURE).write_text(signature.model_dump_json())
            key = bundle_key(manifest.model, signature.serial)
            if not self.files.put_new(key, pack(folder, manifest), "application/zip"):
                raise ContractError("key", key, "a serial that was never used")
        return SignedBundle(key, signature)

    def sign_anew(self, key: str) -> SignedBundle:
        """Sign a bundle of the models bucket with the next serial, whatever signature it has.

        Raises:
            ContractError: If there is none under this key.
            BundleError: If it is damaged.
        """
        packed = self.files.read(key, MAX_BUNDLE_BYTES)
        if packed is None:
            raise ContractError("key", key, "a bundle in the models bucket")
        return self.sign(packed)


def signature_of(key: SigningKey, model: str, serial: int, manifest: bytes) -> Signature:
    """Return a key's signature for a bundle, by its manifest's bytes."""
    digest = hashlib.sha256(manifest).hexdigest()
    value = key.sign(signed_bytes(model, serial, digest))
    return Signature(
        model=model,
        serial=serial,
        manifest_sha256=digest,
        key=key.fingerprint(),
        value=base64.b64encode(value).decode(),
    )


def bundle_key(model: str, serial: int) -> str:
    """Return where a signed bundle lies in the models bucket."""
    return f"bundles/{model}/{serial}/{ZIP}"


def next_serial(ledger: Ledger) -> int:
    """Take the next serial: nobody else gets it.

    Raises:
        ContractError: If there is no line of models yet.
        ConflictError: If others were always faster.
    """
    line = ledger.change(
        LinePaper, MODEL, lambda latest: latest.model_copy(update={"serial": latest.serial + 1})
    )
    if line is None:
        raise ContractError("line", None, f"the paper of {MODEL}: a training's tick writes it")
    return line.serial
