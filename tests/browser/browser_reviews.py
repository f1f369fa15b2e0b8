"""A fab that people have reviewed through the API: readers who differ now and then, an audited model, a lesson learned."""

import random
from typing import TYPE_CHECKING

from browser_pages import until
from browser_wafers import Waiting, answers, fill

from fabwafer.triage import ReviewReason
from lambdas.loop.lineage import remember
from lambdas.stores.papers import PaperTable
from sandbox.people import Person
from sandbox.review_client import signed_in
from sandbox.reviewer import Allowance, Habits, Reviewer

if TYPE_CHECKING:
    from conftest import Site

DATASET = "000001"
READ_TWICE, AUDITED = 12, 12


def keep_answers(site: "Site", fab: str, looker: Person) -> str:
    """Review a fab's first wafers; return one that two people answered alike and a dataset holds, once it may be seen."""
    first, second = site.people(
        ("rita", ("reviewer", f"fab:{fab}")), ("rolf", ("reviewer", f"fab:{fab}"))
    )
    twice = fill(site.cloud, fab, READ_TWICE)
    with site.ruled_by(SECOND_SHARE="1", UNDO_S="1"):
        _read(site, fab, first, twice, accuracy=1.0)
        _read(site, fab, second, twice, accuracy=0.7)
    item = next(
        event["item"]
        for event in answers(site.cloud, fab)
        if event["reviewer"] == second.name and event["settled"]
    )
    audited = fill(site.cloud, fab, AUDITED, first=READ_TWICE, why=ReviewReason.AUDIT)
    _read(site, fab, first, audited, accuracy=0.8)
    papers = PaperTable(site.cloud.outputs["PapersTable"], site.cloud.emulator.client("dynamodb"))
    remember(papers, [item], DATASET)
    with signed_in(site.address, looker) as client:
        until(
            "a blind answer that stays",
            lambda: not client.ask("GET", f"/wafers/{item}/why").get("blind"),
        )
    return item


def _read(site: "Site", fab: str, reader: Person, waiting: list[Waiting], accuracy: float) -> None:
    """Answer all that waits; what another may still take back comes within the patience."""
    habits = Habits(accuracy=accuracy, undo_share=0.0, patience_s=3.0)
    truths = {each.item: each.truth for each in waiting}
    with signed_in(site.address, reader) as client:
        draw = random.Random(reader.name)  # noqa: S311 - errors, no secrets
        diary = Reviewer(client, fab, truths, habits, draw).work(Allowance(None))
    assert {each.item for each in waiting} <= {each.item for each in diary.answered}
