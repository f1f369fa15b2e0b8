"""What the sandbox' portal serves from disk, and under which headers. Pure but for reading the build once."""

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

INDEX = "/index.html"
API = "/api"
SIGN_IN = "/sign-in"
CONFIG = "/config.json"

_ASSETS = "/assets/"
_HASHED = "public, max-age=31536000, immutable"
_NAMED = "no-cache"


@dataclass(frozen=True)
class Page:
    """A file of the build."""

    body: bytes
    content_type: str
    cache: str


Pages = Mapping[str, Page]
"""Path of the address -> file. What is not in it is not served, so no path leads out of the build."""


def read_pages(build: Path) -> Pages:
    """Read a build; links are left out, for they may lead anywhere."""
    files = (each for each in build.rglob("*") if each.is_file() and not each.is_symlink())
    return {f"/{each.relative_to(build).as_posix()}": _page(build, each) for each in files}


def page_at(pages: Pages, path: str) -> Page | None:
    """Return the file of an address, or the page itself: it knows its addresses. None without a build."""
    return pages.get(path) or pages.get(INDEX)


def config(client_id: str) -> dict[str, str]:
    """Return /config.json: API and sign-in are paths of the page's own origin."""
    return {"api": API, "sign_in": "password", "client_id": client_id, "endpoint": SIGN_IN}


def security_headers(pictures: str) -> dict[str, str]:
    """Return what CloudFront sends in the cloud, but for what needs TLS.

    Args:
        pictures: The origin of the wafers' pictures.
    """
    policy = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        f"img-src 'self' blob: {pictures}",
        f"connect-src 'self' {pictures}",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
    }


def _page(build: Path, path: Path) -> Page:
    address = f"/{path.relative_to(build).as_posix()}"
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Page(path.read_bytes(), kind, _HASHED if address.startswith(_ASSETS) else _NAMED)
