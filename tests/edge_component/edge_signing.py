"""A signer for tests: a key pair, and bundles signed by it."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from awscrt.crypto import EC, ECExportFormat, ECType  # type: ignore[import-untyped]
from edge_parts import write_bundle

from edge_component.trust import Keys
from fabwafer.signature import Signature, signed_bytes


class Signer:
    """One key pair on P-256."""

    def __init__(self, curve: ECType = ECType.P_256) -> None:
        self._pair = EC.new_generate(curve)
        self.der: bytes = self._pair.export_key(ECExportFormat.SPKI)
        self.text = base64.b64encode(self.der).decode()
        self.keys = Keys([self.der])

    def sign(self, folder: Path, serial: int, **changes: Any) -> Path:
        """Write a bundle's signature; `changes` are made after signing, and so make it a false one."""
        manifest = (folder / "manifest.json").read_bytes()
        model = changes.pop("signed_model", "tiny@1")
        digest = hashlib.sha256(manifest).hexdigest()
        said = hashlib.sha256(signed_bytes(model, serial, digest)).digest()
        signature = Signature(
            model=model,
            serial=serial,
            manifest_sha256=digest,
            key=hashlib.sha256(self.der).hexdigest(),
            value=base64.b64encode(self._pair.sign(said)).decode(),
        )
        (folder / "signature.json").write_text(
            signature.model_copy(update=changes).model_dump_json()
        )
        return folder

    def bundle(self, folder: Path, serial: int, version: str | None = None) -> Path:
        """Write a signed bundle; its version is its serial unless told otherwise."""
        version = version or str(serial)
        write_bundle(folder, version)
        return self.sign(folder, serial, signed_model=f"tiny@{version}")
