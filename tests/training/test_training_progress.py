import io
import sys
import time

import pytest

from training.network.progress import Progress


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock takes half a minute."""
    now = iter(range(0, 10**6, 30))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(now)))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.usefixtures("slow")
def test_a_log_is_told_now_and_then_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(epochs=3, shown=True)
    assert list(progress.track(0, iter("abcd"), 4)) == list("abcd")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("epoch 1/3: 25 %, left: ")
    assert lines[-1].startswith("epoch 1/3: 100 %, left: 00:00 epoch, ")


@pytest.mark.usefixtures("slow")
def test_the_time_left_counts_the_epochs_to_come(capsys: pytest.CaptureFixture[str]) -> None:
    list(Progress(epochs=2, shown=True).track(0, iter("a"), 2))
    assert "50 %, left: 00:30 epoch, 01:30 run" in capsys.readouterr().err


def test_a_terminal_has_a_bar_with_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    list(Progress(epochs=3, shown=True).track(1, iter("abcd"), 8, done=4))
    last = terminal.getvalue().split("\r")[-1]
    assert last.startswith("epoch 2/3: 100%")
    assert "left: 00:00 epoch, " in last


@pytest.mark.usefixtures("slow")
def test_all_processes_but_one_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    list(Progress(epochs=3, shown=False).track(0, iter("abcd"), 4))
    assert capsys.readouterr().err == ""
