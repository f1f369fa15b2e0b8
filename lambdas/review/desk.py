"""What the review API works with: tables, buckets, policies and the deployment's rules."""

from dataclasses import dataclass

from fabwafer.deeds import Rules
from lambdas.loop.ledger import Ledger
from lambdas.policies import Policies
from lambdas.review.loop_reach import Loop, loop_of
from lambdas.review.rules import rules_of
from lambdas.settings import ReviewApiSettings
from lambdas.stores.buckets import ExportBucket, ImageBucket
from lambdas.stores.channels import Parameters, Queue
from lambdas.stores.papers import PaperTable
from lambdas.stores.reviews import WorkTable
from lambdas.stores.tables import CameraTable
from lambdas.stores.wafers import WaferTable

PICTURE_S = 300
"""How long a picture's address is good; a client asks for a new one when it is not."""


@dataclass(frozen=True)
class Desk:
    """Built once and shared by all requests."""

    work: WorkTable
    wafers: WaferTable
    cameras: CameraTable
    papers: PaperTable
    images: ImageBucket
    exports: ExportBucket
    exports_queue: Queue
    policies: Policies
    rules: Rules
    fabs: tuple[str, ...]
    loop: Loop

    @property
    def ledger(self) -> Ledger:
        """Return the papers of the loop."""
        return Ledger(self.papers)


def desk_of(settings: ReviewApiSettings) -> Desk:
    """Return what a deployment's API works with."""
    papers = PaperTable(settings.papers_table)
    return Desk(
        work=WorkTable(settings.reviews_table, settings.events_table),
        wafers=WaferTable(settings.predictions_table),
        cameras=CameraTable(settings.cameras_table),
        papers=papers,
        images=ImageBucket(settings.images_bucket),
        exports=ExportBucket(settings.exports_bucket),
        exports_queue=Queue(settings.exports_queue_url),
        policies=Policies(Parameters(settings.models_parameter_prefix).read),
        rules=rules_of(settings),
        fabs=tuple(sorted(filter(None, settings.fabs.split(",")))),
        loop=loop_of(Parameters(settings.loop_parameter_prefix), Ledger(papers)),
    )
