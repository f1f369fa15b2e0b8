"""What the review API tells about fabs and their cameras; times are epoch milliseconds."""

from lambdas.review.views import View


class CameraView(View):
    """A camera as last heard of."""

    camera: str
    heartbeat_ms: int | None = None
    model: str | None = None
    version: str | None = None
    degraded: tuple[str, ...] = ()


class FabView(View):
    """A fab and its cameras."""

    fab: str
    cameras: tuple[CameraView, ...]


class Catalogue(View):
    """The fabs that the caller may see."""

    fabs: tuple[FabView, ...]
