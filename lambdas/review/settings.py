"""What a person keeps for themself, wherever they sign in: saved views, keys."""

from enum import StrEnum
from typing import Annotated, Self

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from fabwafer.errors import ConflictError
from lambdas.records import Item, int_of
from lambdas.review.bodies import Version
from lambdas.review.visit import Role, Visiting

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]

_KIND = "settings"

_Short = Annotated[str, Field(min_length=1, max_length=32)]
_Value = Annotated[str, Field(min_length=1, max_length=200)]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Screen(StrEnum):
    """A screen that a view opens."""

    GALLERY = "gallery"
    WAFERS = "wafers"


class SavedView(_Kept):
    """A search under a name; `search` is what stands in the portal's address."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    screen: Screen
    search: Annotated[dict[_Short, _Value], Field(max_length=20)]


class SettingsBody(_Kept):
    """What a person keeps for themself: views, and which keys do what in the portal."""

    version: Version
    views: Annotated[tuple[SavedView, ...], Field(max_length=50)] = ()
    keys: Annotated[
        dict[_Short, Annotated[tuple[_Short, ...], Field(max_length=4)]] | None,
        Field(max_length=60, description="action -> strokes; none if the portal's own ones do"),
    ] = None
    single_keys: bool = True

    @model_validator(mode="after")
    def _each_view_once(self) -> Self:
        if len({(each.screen, each.name) for each in self.views}) != len(self.views):
            raise ValueError("expected each view once")
        return self


@router.get("/settings", summary="The caller's own settings")
def settings(visit: Visiting) -> SettingsBody:
    """Return what the caller kept last; version 0 if that is nothing."""
    visit.need(*Role)
    return _settings(visit.desk.papers.read(_KIND, visit.caller.name))


@router.put("/settings", summary="Keep the caller's own settings")
def keep_settings(visit: Visiting, body: SettingsBody) -> SettingsBody:
    """Keep settings, if those that were looked at are still the latest; return them at their new version."""
    visit.need(*Role)
    papers, name = visit.desk.papers, visit.caller.name
    kept = body.model_copy(update={"version": body.version + 1})
    paper: Item = {
        "kind": _KIND,
        "name": name,
        "version": kept.version,
        "settings": kept.model_dump_json(),
        "changed_ms": visit.now_ms,
    }
    done = papers.revise(paper, body.version) if body.version else papers.put_new(paper)
    if not done:
        latest = papers.read(_KIND, name)
        version = int_of(latest["version"]) if latest else 0
        raise ConflictError("version", body.version, f"{version}, the settings' version", version)
    return kept


def _settings(paper: Item | None) -> SettingsBody:
    if paper is None:
        return SettingsBody(version=0)
    return SettingsBody.model_validate_json(str(paper["settings"]))
