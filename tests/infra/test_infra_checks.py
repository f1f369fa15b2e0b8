import json
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_s3 as s3
from synthesized import Cloud, synthesize

from infra import findings

# The CDK writes DependsOn to a function's role beside the reference to it; superfluous, and not ours to take away.
SUPERFLUOUS_DEPENDENCY = "W3005"


def violations(assembly: Path) -> list[dict]:
    report = json.loads((assembly / "validation-report.json").read_text())
    return [each for plugin in report["pluginReports"] for each in plugin["violations"]]


@pytest.mark.parametrize("stage", ["prod", "sandbox"])
def test_cdk_nag_finds_nothing_that_is_not_accepted_with_a_reason(
    request: pytest.FixtureRequest, stage: str
) -> None:
    assert violations(request.getfixturevalue(stage).folder) == []


def test_cdk_nag_does_look(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    s3.Bucket(Stack(app, "Careless"), "Public")
    findings.check(app)
    with pytest.raises(RuntimeError, match="AwsSolutions-S1"):
        app.synth()
    assert "AwsSolutions-S1" in str(violations(tmp_path))


def test_cfn_lint_finds_nothing(prod: Cloud, sandbox: Cloud) -> None:
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("cfn-lint")),
            *("--ignore-checks", SUPERFLUOUS_DEPENDENCY, "--regions", "eu-central-1", "--"),
            *map(str, [*prod.templates, *sandbox.templates]),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_nobody_is_mailed_who_did_not_ask(sandbox: Cloud) -> None:
    assert sandbox.all_resources("AWS::SNS::Subscription") == {}


def test_a_subscriber_may_want_some_alerts_only(tmp_path: Path) -> None:
    cloud = synthesize(
        tmp_path,
        stage="sandbox",
        alert_email="people@example.com",
        alert_filter='{"severity": ["critical"]}',
    )
    [subscription] = cloud.resources("FabWaferService", "AWS::SNS::Subscription").values()
    assert subscription["Properties"]["FilterPolicy"] == {"severity": ["critical"]}
