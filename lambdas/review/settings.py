"""What a person keeps for themself, wherever they sign in: saved views, keys."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from fabwafer.errors import ConflictError
from lambdas.records import Item
from lambdas.review.bodies import SettingsBody
from lambdas.review.records import int_of
from lambdas.review.visit import Role, Visiting

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]

_KIND = "settings"


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
