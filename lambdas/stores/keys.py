"""The keys that live in KMS and are never seen: what vouches for models, and what draws depend on."""

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from lambdas.stores.clients import kms

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

_ALGORITHM: Final = "ECDSA_SHA_256"
_MAC_ALGORITHM: Final = "HMAC_SHA_256"


@dataclass(frozen=True)
class SigningKey:
    """An asymmetric key on P-256, by its id, ARN or alias."""

    id: str
    client: "KMSClient" = field(default_factory=kms)

    def public(self) -> bytes:
        """Return the public key in DER (SubjectPublicKeyInfo)."""
        return self.client.get_public_key(KeyId=self.id)["PublicKey"]

    def fingerprint(self) -> str:
        """Return the SHA-256 of the public key: what devices know the key by."""
        return hashlib.sha256(self.public()).hexdigest()

    def sign(self, message: bytes) -> bytes:
        """Return the signature in DER over a message of at most 4,096 bytes, which KMS hashes itself."""
        answer = self.client.sign(
            KeyId=self.id, Message=message, MessageType="RAW", SigningAlgorithm=_ALGORITHM
        )
        return answer["Signature"]


@dataclass(frozen=True)
class DrawKey:
    """A key for HMAC with SHA-256, by its id, ARN or alias."""

    id: str
    client: "KMSClient" = field(default_factory=kms)

    def derived(self, purpose: str) -> bytes:
        """Return the 32 bytes that this key always gives for a purpose; nobody without it can work them out."""
        answer = self.client.generate_mac(
            KeyId=self.id, Message=purpose.encode(), MacAlgorithm=_MAC_ALGORITHM
        )
        return answer["Mac"]
