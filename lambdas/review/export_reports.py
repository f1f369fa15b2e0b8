"""What the review API tells about exports; times are epoch milliseconds."""

from typing import Annotated

from pydantic import Field

from lambdas.review.views import View


class ExportView(View):
    """An export and how far it is; the address comes when it is done."""

    export: str
    fab: str
    format: str
    scope: str
    state: Annotated[str, Field(description="waiting, done or failed")]
    requested_by: str
    requested_ms: int
    wafers: int | None = None
    size_bytes: int | None = None
    picture_count: int | None = None
    url: str | None = None
    expires_ms: int | None = None
    problem: str | None = None


class ExportList(View):
    """Earlier exports, newest first."""

    exports: tuple[ExportView, ...]
