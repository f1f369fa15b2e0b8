import json
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "write_openapi"))
DOCUMENT = SCRIPT["document"]()
OPERATIONS = [
    (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def test_the_portals_document_is_the_apis():
    assert json.loads(SCRIPT["FILE"].read_text()) == DOCUMENT


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    OPERATIONS,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_route_tells_its_answer_and_its_refusals(method, path, operation):
    assert operation["summary"] != f"{method.upper()} {path}"
    answers = operation["responses"]
    assert answers["200"]["content"]["application/json"]["schema"]["$ref"]
    assert {"403", "404", "409", "413", "422", "503"} <= set(answers)


def test_every_reference_leads_somewhere():
    text = json.dumps(DOCUMENT)
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(DOCUMENT["components"]["schemas"])
