import json
import re
import subprocess
import tomllib
from fnmatch import fnmatchcase

import pytest
import yaml
from greengrass_runtime import RECIPE_VARIABLE, ROOT, scripts_of

from edge_component.config import parse_settings
from fabwafer.topics import Kind, Topic

LITE_VARIABLES = {
    "artifacts:path",
    "artifacts:decompressedPath",
    "kernel:rootPath",
    "iot:thingName",
    "work:path",
}
KEYS_OF_LITE = {
    *("RecipeFormatVersion", "ComponentName", "ComponentVersion", "ComponentType", "Lifecycle"),
    *("ComponentDescription", "ComponentPublisher", "ComponentConfiguration", "Manifests"),
    "ComponentDependencies",
}
SOURCES = [
    {"kind": "folder", "folder": "/var/lib/fabwafer/pictures"},
    {"kind": "simulator", "wafers": "0", "rate_per_s": "2"},
    {"kind": "v4l2", "device": "0", "interval_s": "0.5"},
]


def deployed(recipe, **merged):
    defaults = dict(recipe["ComponentConfiguration"]["DefaultConfiguration"])
    del defaults["accessControl"]
    return {**defaults, "fab": "faba", "camera": "camera1", **merged}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source["kind"])
def test_defaults_that_arrive_as_strings_are_the_defaults_meant(edge_recipe, source):
    typed = yaml.safe_load((ROOT / "edge_component" / "recipe.yaml").read_text())
    assert parse_settings(deployed(edge_recipe, source=source)) == parse_settings(
        deployed(typed, source=source)
    )


def test_empty_defaults_mean_not_set(edge_recipe):
    settings = parse_settings(deployed(edge_recipe, source=SOURCES[0]))
    assert settings.model_keys == ()
    assert settings.images_bucket is None
    assert settings.basic_ingest_rules is None


def test_the_model_keeps_running_so_that_lite_starts_what_depends_on_it(model_recipe):
    assert scripts_of(model_recipe)["run"].rstrip().splitlines()[-1] == "exec sleep infinity"


def test_a_new_model_of_any_version_restarts_the_edge_component(edge_recipe, model_recipe):
    assert edge_recipe["ComponentDependencies"][model_recipe["ComponentName"]] == {
        "VersionRequirement": ">=0.0.0",
        "DependencyType": "HARD",
    }


def test_no_script_reaches_into_another_components_artifacts(recipe):
    variables = RECIPE_VARIABLE.findall("".join(scripts_of(recipe).values()))
    assert not [variable for variable in variables if variable.count(":") > 1]


def test_lite_knows_every_key_and_variable(recipe):
    assert set(recipe) <= KEYS_OF_LITE
    assert set(recipe["Lifecycle"]) == {"all"}
    assert set(recipe["Lifecycle"]["all"]) == {"install", "run"}
    for script in scripts_of(recipe).values():
        assert set(RECIPE_VARIABLE.findall(script)) <= LITE_VARIABLES
        assert not re.search(r"[{}]", RECIPE_VARIABLE.sub("", script))


def test_lite_wants_a_description_of_one_line_for_its_systemd_unit(recipe):
    assert len(recipe["ComponentDescription"].splitlines()) == 1


def test_every_manifest_is_for_both_runtimes(recipe):
    for manifest in recipe["Manifests"]:
        assert manifest["Platform"]["runtime"] == "*"
        assert manifest["Platform"]["os"] == "linux"
        assert manifest["Selections"] == ["all"]


def test_both_architectures_find_their_own_artifact(edge_recipe):
    found = {
        manifest["Platform"]["architecture"]: [
            artifact["Uri"].rpartition("/")[2] for artifact in manifest["Artifacts"]
        ]
        for manifest in edge_recipe["Manifests"]
    }
    assert found == {
        "aarch64": ["fabwafer-edge-aarch64.zip"],
        "amd64": ["fabwafer-edge-x86_64.zip"],
    }


def test_no_runtime_unpacks_the_zip_so_the_install_step_always_does(recipe):
    for manifest in recipe["Manifests"]:
        assert [artifact["Unarchive"] for artifact in manifest["Artifacts"]] == ["NONE"]
    assert "-m zipfile -e" in scripts_of(recipe)["install"]


@pytest.mark.parametrize("phase", ["install", "run"])
def test_scripts_are_plain_shell_and_short_enough_for_lite(recipe, phase):
    script = scripts_of(recipe)[phase]
    assert len(script) < 10_000
    checked = subprocess.run(["/bin/sh", "-n", "-c", script], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr


def allowed(recipe, topic):
    control = recipe["ComponentConfiguration"]["DefaultConfiguration"]["accessControl"]
    (statement,) = control["aws.greengrass.ipc.mqttproxy"].values()
    assert statement["operations"] == ["aws.greengrass#PublishToIoTCore"]
    return any(fnmatchcase(topic, resource) for resource in statement["resources"])


@pytest.mark.parametrize(
    "topic",
    [
        str(Topic("faba", "camera1", Kind.IMAGE, "img1")),
        str(Topic("faba", "camera1", Kind.PREDICTION, "img1")),
        str(Topic("faba", "camera1", Kind.STATUS)),
        "$aws/rules/Predictions/fabwafer/faba/camera1/prediction/img1",
    ],
)
def test_the_component_may_publish_its_messages(edge_recipe, topic):
    assert allowed(edge_recipe, topic)


@pytest.mark.parametrize(
    "topic", ["fabwafers/faba/camera1/status", "$aws/things/x/shadow/update", "other"]
)
def test_the_component_may_publish_nothing_else(edge_recipe, topic):
    assert not allowed(edge_recipe, topic)


def test_access_control_holds_nothing_that_lite_refuses_a_deployment_for(edge_recipe):
    control = edge_recipe["ComponentConfiguration"]["DefaultConfiguration"]["accessControl"]
    assert not re.search(r"\?|\$\{|\{iot", json.dumps(control))


@pytest.mark.parametrize("option", ["--no-index", "--find-links", "--require-hashes"])
def test_installation_is_offline_and_checked(edge_recipe, option):
    assert option in scripts_of(edge_recipe)["install"]


def test_installation_may_take_longer_than_the_default(recipe):
    assert int(recipe["Lifecycle"]["all"]["install"]["Timeout"]) > 120


def test_sigterm_reaches_python_and_its_log_is_not_held_back(edge_recipe):
    run = scripts_of(edge_recipe)["run"]
    assert run.rstrip().splitlines()[-1].startswith("exec ")
    assert "PYTHONUNBUFFERED=1" in run


@pytest.mark.parametrize("phase", ["install", "run"])
def test_the_runtime_does_not_report_from_the_fab_to_its_maker(edge_recipe, phase):
    assert "ORT_DISABLE_TELEMETRY=1" in scripts_of(edge_recipe)[phase]


def test_large_pictures_find_credentials_and_nothing_waits_for_them(edge_recipe):
    service = edge_recipe["ComponentDependencies"]["aws.greengrass.TokenExchangeService"]
    assert service["DependencyType"] == "SOFT"


def test_the_model_needs_no_credentials(model_recipe):
    assert "ComponentDependencies" not in model_recipe


def test_a_shadow_that_comes_or_goes_does_not_restart_the_edge_component(
    edge_recipe, shadow_recipe
):
    assert shadow_recipe["ComponentName"] not in edge_recipe["ComponentDependencies"]


def test_no_step_runs_as_root(recipe):
    assert "RequiresPrivilege" not in json.dumps(recipe)


def test_a_version_is_named_in_the_recipe_and_in_its_artifacts(recipe):
    assert recipe["ComponentVersion"] == "{COMPONENT_VERSION}"
    for manifest in recipe["Manifests"]:
        for artifact in manifest["Artifacts"]:
            prefix = f"s3://BUCKET_NAME/{recipe['ComponentName']}/COMPONENT_VERSION/"
            assert artifact["Uri"].startswith(prefix)


def test_the_build_tool_calls_our_own_build_with_our_version(edge_recipe):
    config = json.loads((ROOT / "edge_component" / "gdk-config.json").read_text())
    component = config["component"][edge_recipe["ComponentName"]]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert component["version"] == project["version"]
    assert "scripts/build_component" in component["build"]["custom_build_command"][-1]


def test_nothing_installs_the_indexs_gdk():
    for path in (ROOT / "requirements").iterdir():
        assert not re.search(r"^gdk\b", path.read_text(), re.MULTILINE), path
