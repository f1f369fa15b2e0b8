"""When a stage stays, goes on or goes back."""

from dataclasses import replace

import pytest

from fabwafer.guards import Guard
from fabwafer.pulse import Condition, Pulse, condition
from fabwafer.rollout import Course, Judgement, Look, StageRule, judge, judge_return

RULE = StageRule(wanted=200, least=100, longest_s=3600, silent_s=600, must_see=True)
LATER = replace(RULE, must_see=False)
WELL = {"a": Condition.RUNS, "b": Condition.RUNS}
NOW_MS = 10_000_000


def guard(name: str = "reviews", **changes) -> Guard:
    told = {"wafers": 50, "rate": 0.1, "expected": 0.1, "limit": 0.2, "wealth": 1.0}
    return Guard(name, **({**told, "needed": 200.0, "reached": None, "cleared": False} | changes))


def look(**changes) -> Look:
    told = {"age_ms": 1000, "wafers": 50, "guards": [guard()], "devices": WELL}
    return Look(**(told | changes))


@pytest.mark.parametrize(
    ("seen", "course"),
    [
        pytest.param(look(), Course.STAY, id="too few wafers yet"),
        pytest.param(look(wafers=200), Course.ON, id="all its wafers"),
        pytest.param(look(guards=[guard(reached=57)]), Course.BACK, id="a figure off"),
        pytest.param(
            look(wafers=200, guards=[guard(reached=57)]), Course.BACK, id="a figure off at its end"
        ),
        pytest.param(
            look(wafers=120, guards=[guard(cleared=True)]), Course.ON, id="cleared before its end"
        ),
        pytest.param(look(wafers=80, guards=[guard(cleared=True)]), Course.STAY, id="too early"),
        pytest.param(look(wafers=120, age_ms=3_600_000), Course.ON, id="time is up"),
        pytest.param(look(wafers=99, age_ms=3_600_000), Course.BACK, id="time is up, too few seen"),
        pytest.param(look(devices={}), Course.BACK, id="nobody in the ring"),
        pytest.param(look(given_up="FAILED"), Course.BACK, id="deployment given up"),
    ],
)
def test_a_stage_that_must_see_wafers(seen, course):
    assert judge(RULE, seen).course is course


@pytest.mark.parametrize(
    ("seen", "course"),
    [
        pytest.param(look(wafers=3, age_ms=3_600_000), Course.ON, id="time is up, few seen"),
        pytest.param(look(devices={}), Course.ON, id="nobody in the ring"),
        pytest.param(
            look(wafers=0, offline=frozenset(WELL), age_ms=600_000),
            Course.ON,
            id="everybody offline for long",
        ),
        pytest.param(
            look(wafers=0, offline=frozenset(WELL)), Course.STAY, id="everybody offline so far"
        ),
        pytest.param(look(guards=[guard(reached=57)]), Course.BACK, id="a figure off"),
    ],
)
def test_a_stage_behind_others_that_did_well(seen, course):
    assert judge(LATER, seen).course is course


def ring(conditions: str) -> dict[str, Condition]:
    letters = {"R": Condition.RUNS, "F": Condition.FAILED, "B": Condition.BEHIND}
    return {f"d{n}": letters[each] for n, each in enumerate(conditions)}


@pytest.mark.parametrize(
    ("conditions", "age_s", "course"),
    [
        pytest.param("RB", 599, Course.STAY, id="one is waited for"),
        pytest.param("RB", 600, Course.ON, id="one is not waited for any longer"),
        pytest.param("B", 600, Course.STAY, id="the only one"),
        pytest.param("RRRBBBBBB", 3599, Course.STAY, id="many are waited for"),
        pytest.param("RRRBBBBBB", 3600, Course.ON, id="many, until time is up"),
        pytest.param("BBBBBBBBB", 3600, Course.BACK, id="time is up, and nobody has it"),
    ],
)
@pytest.mark.parametrize("rule", [RULE, LATER], ids=["must see", "later"])
def test_a_stage_does_not_go_on_while_devices_that_are_online_are_behind(
    rule, conditions, age_s, course
):
    devices = ring(conditions)
    found = judge(rule, look(wafers=500, age_ms=age_s * 1000, devices=devices))
    assert found.course is course
    if course is Course.ON:
        behind = f"{conditions.count('B')} of {len(conditions)} devices online"
        assert f"{behind} have not taken it up" in found.reason

    offline = frozenset(name for name, each in devices.items() if each is Condition.BEHIND)
    assert judge(rule, look(wafers=500, devices=devices, offline=offline)).course is Course.ON


def test_time_alone_brings_a_model_to_nobody():
    found = judge(LATER, look(wafers=0, age_ms=3_600_000, devices=ring("BBBBBBBBB")))
    assert found == Judgement(
        Course.BACK, "no device that is online has taken it up in 3600 s", blames=False
    )


@pytest.mark.parametrize(
    ("conditions", "course"),
    [
        pytest.param("RRRRRRRRRF", Course.STAY, id="one of ten"),
        pytest.param("RF", Course.STAY, id="one of two"),
        pytest.param("F", Course.BACK, id="the only one"),
        pytest.param("BBBF", Course.BACK, id="the only one that answered"),
        pytest.param("RRRRRRRRFF", Course.STAY, id="two of ten"),
        pytest.param("RRRRRRRFFF", Course.BACK, id="three of ten"),
        pytest.param("BBB", Course.STAY, id="nobody has answered"),
    ],
)
def test_devices_in_trouble(conditions, course):
    assert judge(RULE, look(devices=ring(conditions))).course is course


def test_a_reason_counts_devices_and_names_none():
    devices = {"faba--camera1": Condition.REFUSES, "fabb--camera1": Condition.REFUSES}
    found = judge(RULE, look(devices=devices | {"fabc--camera1": Condition.FAILED}))
    assert found.reason == "3 of 3 devices in trouble: could not deploy it (1), refuses it (2)"


@pytest.mark.parametrize(
    ("seen", "course"),
    [(look(wafers=200), Course.STAY), (look(guards=[guard(reached=5)]), Course.BACK)],
    ids=["would go on", "would go back"],
)
def test_a_pause_keeps_from_going_on_alone(seen, course):
    assert judge(RULE, seen, paused=True).course is course


@pytest.mark.parametrize(
    ("pulse", "expected"),
    [
        pytest.param(Pulse(), Condition.BEHIND, id="never heard of"),
        pytest.param(Pulse(heard_ms=NOW_MS), Condition.BEHIND, id="still runs the one before"),
        pytest.param(Pulse(heard_ms=NOW_MS, runs=True, ran=True), Condition.RUNS, id="runs it"),
        pytest.param(Pulse(heard_ms=1), Condition.BEHIND, id="offline before it came"),
        pytest.param(Pulse(heard_ms=1, runs=True, ran=True), Condition.SILENT, id="silent since"),
        pytest.param(
            Pulse(heard_ms=1, excused_ms=NOW_MS - 600_000, runs=True, ran=True),
            Condition.RUNS,
            id="its fab was silent, too",
        ),
        pytest.param(Pulse(heard_ms=NOW_MS, deployment="FAILED"), Condition.FAILED, id="failed"),
        pytest.param(Pulse(heard_ms=NOW_MS, refused="no"), Condition.REFUSES, id="refuses"),
        pytest.param(
            Pulse(heard_ms=NOW_MS, runs=True, ran=True, restarts=3), Condition.CRASHES, id="crashes"
        ),
        pytest.param(
            Pulse(heard_ms=NOW_MS, runs=True, ran=True, restarts=1), Condition.RUNS, id="restarted"
        ),
    ],
)
def test_how_a_device_fares(pulse, expected):
    assert condition(pulse, NOW_MS, RULE.silent_s) is expected


@pytest.mark.parametrize(
    ("seen", "blames"),
    [
        pytest.param(look(guards=[guard(reached=12)]), True, id="its figures"),
        pytest.param(look(devices={"a": Condition.REFUSES}), True, id="devices refuse it"),
        pytest.param(look(devices={"a": Condition.CRASHES}), True, id="devices crash"),
        pytest.param(look(devices={"a": Condition.SILENT}), False, id="devices fell silent"),
        pytest.param(look(devices={"a": Condition.FAILED}), False, id="a deployment failed"),
        pytest.param(look(given_up="CANCELED"), False, id="Greengrass gave up"),
        pytest.param(look(age_ms=RULE.longest_s * 1000, wafers=0), False, id="too few wafers"),
    ],
)
def test_a_candidate_is_to_blame_for_what_it_did_itself_alone(seen, blames):
    found = judge(RULE, seen)

    assert (found.course, found.blames) == (Course.BACK, blames)


@pytest.mark.parametrize(
    ("seen", "course"),
    [
        pytest.param(look(wafers=0), Course.ON, id="all run it"),
        pytest.param(look(devices={}), Course.ON, id="nobody in the ring"),
        pytest.param(
            look(devices={**WELL, "c": Condition.BEHIND}), Course.STAY, id="one is behind"
        ),
        pytest.param(
            look(devices={**WELL, "c": Condition.BEHIND}, offline=frozenset("c")),
            Course.ON,
            id="one is offline",
        ),
        pytest.param(
            look(devices={**WELL, "c": Condition.BEHIND}, age_ms=600_000),
            Course.ON,
            id="one is behind for long",
        ),
        pytest.param(look(devices={"a": Condition.REFUSES}), Course.BACK, id="refused"),
        pytest.param(look(given_up="CANCELED"), Course.BACK, id="deployment given up"),
    ],
)
def test_a_ring_that_a_model_comes_back_to(seen, course):
    assert judge_return(RULE, seen).course is course
    if course is Course.ON:
        assert judge_return(RULE, seen, paused=True).course is Course.STAY


@pytest.mark.parametrize(
    ("last", "course"), [(False, Course.ON), (True, Course.STAY)], ids=["more rings", "the last"]
)
def test_a_return_ends_when_somebody_runs_the_model(last, course):
    seen = look(wafers=0, devices=ring("BBB"), age_ms=10 * 3_600_000)
    assert judge_return(replace(LATER, last=last), seen).course is course
