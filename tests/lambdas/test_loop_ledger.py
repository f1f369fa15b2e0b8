"""Papers that several revise at once."""

import pytest
from moto import mock_aws
from review_parts import make_portal

from fabwafer.errors import ConflictError
from lambdas.loop.ledger import Ledger
from lambdas.loop.records import MODEL, LinePaper
from lambdas.stores.papers import PaperTable


@pytest.fixture
def ledger(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        make_portal()
        found = Ledger(PaperTable("papers"))
        found.keep_new(LinePaper(name=MODEL, current="wafer-map@1.1.0", serial=1))
        yield found


def signed(line):
    return line.model_copy(update={"serial": line.serial + 1})


def overtaken(ledger, times):
    """The same, where somebody else signs between decision and revision."""
    left = iter(range(times))

    def decide(line):
        if next(left, None) is not None:
            ledger.revise(signed(ledger.read(LinePaper, MODEL)))
        return signed(line)

    return decide


def test_who_was_overtaken_decides_again_by_the_latest(ledger):
    assert ledger.change(LinePaper, MODEL, overtaken(ledger, 3)).serial == 5


def test_what_is_to_stay_is_not_revised(ledger):
    assert ledger.change(LinePaper, MODEL, lambda _: None).version == 0


def test_a_paper_that_is_not_there_is_not_made(ledger):
    assert ledger.change(LinePaper, "other", signed) is None


def test_who_is_overtaken_for_ever_gives_up(ledger):
    with pytest.raises(ConflictError, match="stands still"):
        ledger.change(LinePaper, MODEL, overtaken(ledger, 1000))
