"""The CDK app -> stacks in the emulator -> their outputs, by the same command line that deploys to AWS."""

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox.emulator import Emulator
from sandbox.errors import SandboxError
from sandbox.processes import ROOT, failure

_CDK = ROOT / "node_modules" / ".bin" / "cdk"
_INPUTS = ("app.py", "cdk.json", "package-lock.json", "requirements/lambdas.txt")
_INPUT_FOLDERS = ("infra", "lambdas", "fabwafer")
AUDIT_RATE = 0.02
"""The share of all wafers that a person sees however sure the model is."""

_BOOTSTRAP_STACK = "CDKToolkit"
_TIMEOUT_S = 300.0

_QUIET = {
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
    "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
}

Outputs = Mapping[str, str]
"""Output key -> value, of all stacks together."""


def deploy(emulator: Emulator, fleet: Mapping[str, Sequence[str]], state_dir: Path) -> Outputs:
    """Synthesize (unless the same was before), bootstrap and deploy every stack.

    Raises:
        SandboxError: If the CDK command line is missing or fails; the message ends with what it said.
    """
    if not _CDK.exists():
        raise SandboxError(f"{_CDK} is missing: run `make setup` first")
    with ThreadPoolExecutor(2) as pool:
        assembly = pool.submit(synthesize, fleet, emulator.environment())
        bootstrapped = pool.submit(bootstrap, emulator, state_dir)
        bootstrapped.result()
        folder = assembly.result()
    outputs = state_dir / "outputs.json"
    _cdk(
        [
            *("deploy", "--app", str(folder), "--all", "--require-approval", "never"),
            *("--method", "direct", "--concurrency", "4", "--outputs-file", str(outputs)),
        ],
        emulator.environment(),
        state_dir,
    )
    return _merged(json.loads(outputs.read_text()))


def bootstrap(emulator: Emulator, state_dir: Path) -> None:
    """Create the CDK's own stack from the CDK's own template.

    `cdk bootstrap` waits in steps of five seconds, 20 s in all; AWS documents `--show-template` and CloudFormation
    as the other way to the same stack.
    """
    lock = (ROOT / "package-lock.json").read_bytes()
    template = ROOT / "build" / f"cdk-bootstrap-{hashlib.sha256(lock).hexdigest()[:16]}.yaml"
    if not template.exists():
        template.parent.mkdir(exist_ok=True)
        template.write_text(
            _cdk(["bootstrap", "--show-template"], emulator.environment(), state_dir)
        )
    stacks = emulator.client("cloudformation")
    stacks.create_stack(
        StackName=_BOOTSTRAP_STACK,
        TemplateBody=template.read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[
            {
                "ParameterKey": "CloudFormationExecutionPolicies",
                "ParameterValue": "arn:aws:iam::aws:policy/AdministratorAccess",
            }
        ],
    )
    stacks.get_waiter("stack_create_complete").wait(
        StackName=_BOOTSTRAP_STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def synthesize(fleet: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> Path:
    """Return the cloud assembly's folder under build/, named by everything that goes into it."""
    fleet_text = json.dumps(fleet, sort_keys=True)
    folder = ROOT / "build" / f"sandbox-assembly-{_digest(fleet_text)}"
    if not (folder / "manifest.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        fleet_file = folder / "fleet.json"
        fleet_file.write_text(fleet_text)
        _cdk(
            [
                *("synth", "--quiet", "--output", str(folder)),
                *("-c", "stage=sandbox", "-c", f"fleet={fleet_file}"),
                *("-c", f"audit_rate={AUDIT_RATE}"),
            ],
            dict(environment),
            ROOT,
        )
    return folder


def _digest(fleet: str) -> str:
    digest = hashlib.sha256(fleet.encode())
    sources = [path for folder in _INPUT_FOLDERS for path in (ROOT / folder).rglob("*.py")]
    models = sorted((ROOT / "models").glob("*/manifest.json"))
    for path in sorted(sources) + [ROOT / name for name in _INPUTS] + models:
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _cdk(arguments: Sequence[str], environment: Mapping[str, str], log_dir: Path) -> str:
    log = log_dir / f"cdk-{arguments[0]}.log"
    with log.open("wb") as errors:
        try:
            done = subprocess.run(  # noqa: S603 - the pinned command line, arguments of our own
                [_CDK, *arguments, "--no-notices", "--no-color"],
                cwd=ROOT,
                env={**environment, **_QUIET},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SandboxError(
                f"cdk {arguments[0]} took more than {_TIMEOUT_S:.0f} s: see {log}"
            ) from error
    if done.returncode:
        raise failure(f"cdk {arguments[0]} failed", log)
    return done.stdout


def _merged(stacks: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {key: value for outputs in stacks.values() for key, value in outputs.items()}
