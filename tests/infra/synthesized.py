"""The app synthesized: the real context and code, a stub for the wheels, a small bundle and fleet."""

import hashlib
import json
import os
import runpy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

# Read by the CDK's kernel when aws_cdk is first imported: Node 20 is past its end, and works.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

from aws_cdk import App

ROOT = Path(__file__).resolve().parents[2]
FLEET = {"faba": ["camera1", "camera10"], "fabb": ["camera1"]}
EDGE_VERSION, MODEL_VERSION = "0.1.0", "1.2.3"
FIRST_MODEL = f"wafer-map@{MODEL_VERSION}"

Template = dict[str, Any]
Resources = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Cloud:
    """One synthesized stage."""

    folder: Path

    @property
    def stacks(self) -> list[str]:
        return sorted(path.name.split(".")[0] for path in self.templates)

    @property
    def templates(self) -> list[Path]:
        return sorted(self.folder.glob("*.template.json"))

    def template(self, stack: str) -> Template:
        return json.loads((self.folder / f"{stack}.template.json").read_text())

    def resources(self, stack: str, kind: str) -> Resources:
        """Return logical id -> resource of one type."""
        found = self.template(stack)["Resources"]
        return {name: each for name, each in found.items() if each["Type"] == kind}

    def all_resources(self, kind: str) -> Resources:
        return {
            f"{stack}/{name}": each
            for stack in self.stacks
            for name, each in self.resources(stack, kind).items()
        }


def synthesize(folder: Path, shipped: str = MODEL_VERSION, **context: object) -> Cloud:
    """Synthesize a repository that has only what synth reads, with the CDK's own context of cdk.json."""
    root = repository(folder / "root", shipped)
    told = json.loads((ROOT / "cdk.json").read_text())["context"]
    features = {key: value for key, value in told.items() if key.startswith("@aws-cdk/")}
    lambdas = folder / "lambdas"
    lambdas.mkdir()
    (lambdas / "handler.py").touch()
    app = App(
        outdir=str(folder / "cdk.out"),
        context={**features, "lambda_assets": str(lambdas), **context},
    )
    runpy.run_path(str(ROOT / "app.py"))["build"](app, root)
    app.synth()
    return Cloud(folder / "cdk.out")


def repository(root: Path, shipped: str = MODEL_VERSION) -> Path:
    bundle(root / "models" / "wafer-map", shipped)
    components(root / "build" / "component", shipped)
    (root / "fleet.json").write_text(json.dumps(FLEET))
    return root


def bundle(folder: Path, version: str = MODEL_VERSION) -> None:
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"model")
    manifest = {
        "name": "wafer-map",
        "version": version,
        "policy": {"model": f"wafer-map@{version}", "accept": {"Loc": 0.9}},
        "files": {"model.onnx": hashlib.sha256(b"model").hexdigest()},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def components(folder: Path, model: str = MODEL_VERSION) -> None:
    """Lay out what `make component` leaves, from the real recipes."""
    (folder / "recipes").mkdir(parents=True)
    for name, file, version in (
        ("com.fabwafer.Edge", "recipe.yaml", EDGE_VERSION),
        ("com.fabwafer.Model", "model_recipe.yaml", model),
    ):
        text = (ROOT / "edge_component" / file).read_text()
        text = text.replace("{COMPONENT_VERSION}", version).replace("COMPONENT_VERSION", version)
        recipe = yaml.safe_load(text)
        (folder / "recipes" / f"{name}-{version}.json").write_text(json.dumps(recipe))
        for manifest in recipe["Manifests"]:
            for artifact in manifest["Artifacts"]:
                path = folder / "artifacts" / artifact["Uri"].removeprefix("s3://BUCKET_NAME/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(f"zip of {path.name}".encode())


def warnings(cloud: Cloud, stack: str) -> str:
    """Return what a synth warns of in a stack."""
    artifact = json.loads((cloud.folder / "manifest.json").read_text())["artifacts"][stack]
    metadata = artifact.get("metadata")
    if metadata is None:
        file = cloud.folder / artifact["additionalMetadataFile"]
        metadata = json.loads(file.read_text())
    return " ".join(
        str(each["data"])
        for told in metadata.values()
        for each in told
        if each["type"] == "aws:cdk:warning"
    )


def text(value: object) -> str:
    """Return a template's value as one text, its references as `<LogicalId.Attribute>` without hashes kept apart."""
    match value:
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::ImportValue": name}:
            return f"<{text(name)}>"
        case {"Fn::Join": [separator, parts]}:
            return separator.join(map(text, parts))
        case {"Fn::Sub": template}:
            return str(template)
        case _:
            return str(value)
