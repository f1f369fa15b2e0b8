"""What people keep for themselves: views and keys, at a version, each their own."""

import pytest
from review_parts import ANN, BOB, EVE, NIL

VIEW = {
    "name": "doubtful scratches",
    "screen": "gallery",
    "search": {"label": "Scratch", "max": "60"},
}
KEYS = {"unknown": ["x"], "normal": ["0", "n"]}


def keep(portal, person=ANN, **settings):
    return portal.call(person, "PUT", "/settings", {"version": 0} | settings)


def test_who_kept_nothing_has_the_portals_own_settings(portal):
    assert portal.call(ANN, "GET", "/settings").body == {
        "version": 0,
        "views": [],
        "keys": None,
        "single_keys": True,
    }


def test_what_somebody_keeps_is_theirs_alone(portal):
    kept = keep(portal, views=[VIEW], keys=KEYS, single_keys=False)

    assert (kept.status, kept.body["version"]) == (200, 1)
    assert portal.call(ANN, "GET", "/settings").body == kept.body
    assert kept.body["views"] == [VIEW]
    assert portal.call(BOB, "GET", "/settings").body["version"] == 0


def test_settings_that_were_changed_elsewhere_are_not_overwritten(portal):
    keep(portal, views=[VIEW])
    stale = keep(portal, keys=KEYS)
    later = keep(portal, version=7, keys=KEYS)

    assert (stale.status, stale.body["version"]) == (409, 1)
    assert (later.status, later.body["version"]) == (409, 1)
    assert portal.call(ANN, "GET", "/settings").body["views"] == [VIEW]
    assert keep(portal, version=1, keys=KEYS).body["version"] == 2


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"views": [VIEW | {"name": f"v{n}"} for n in range(51)]}, id="many views"),
        pytest.param({"views": [VIEW, VIEW]}, id="twice"),
        pytest.param({"views": [VIEW | {"name": "x" * 61}]}, id="long name"),
        pytest.param({"views": [VIEW | {"search": {"label": "x" * 201}}]}, id="long value"),
        pytest.param(
            {"views": [VIEW | {"search": {f"f{n}": "x" for n in range(21)}}]}, id="fields"
        ),
        pytest.param({"views": [VIEW | {"screen": "queue"}]}, id="no such screen"),
        pytest.param({"keys": {f"a{n}": ["x"] for n in range(61)}}, id="many keys"),
        pytest.param({"keys": {"undo": list("abcde")}}, id="many strokes"),
        pytest.param({"theme": "dark"}, id="unknown field"),
    ],
)
def test_what_does_not_fit_is_not_kept(portal, settings):
    assert keep(portal, **settings).status == 422
    assert portal.call(ANN, "GET", "/settings").body["version"] == 0


def test_who_has_no_role_keeps_nothing(portal):
    assert portal.call(NIL, "GET", "/settings").status == 403
    assert keep(portal, NIL).status == 403


def test_every_role_keeps_settings(portal):
    assert keep(portal, EVE).status == 200
