"""The CDK app -> stacks in the emulator -> their outputs, by the same command line that deploys to AWS."""

import contextlib
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox.emulator import Emulator
from sandbox.errors import SandboxError
from sandbox.processes import ROOT, failure

_CDK = ROOT / "node_modules" / ".bin" / "cdk"
_INPUTS = (
    "app.py",
    "cdk.json",
    "package-lock.json",
    "requirements/dev.txt",
    "requirements/lambdas.txt",
)
_INPUT_FOLDERS = ("infra", "lambdas", "fabwafer")
AUDIT_RATE = 0.02
"""The share of all wafers that a person sees however sure the model is."""

_STAGE = "sandbox"
_ASSEMBLY = "sandbox-assembly-"
_KEPT_ASSEMBLIES = 4
_OF_AN_ACCOUNT = ("alert_email", "first_model", "portal_url", "portal_certificate")
"""Context keys that name people, addresses or a fleet of AWS."""
_TIMEOUT_S = 300.0

_QUIET = {
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
    "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
}

Outputs = Mapping[str, str]
"""Output key -> value, of all stacks together."""
Context = Mapping[str, str]
"""Settings of the app by name."""


def deploy(
    emulator: Emulator,
    fleet: Mapping[str, Sequence[str]],
    state_dir: Path,
    context: Context | None = None,
) -> Outputs:
    """Synthesize (unless the same was before), bootstrap and deploy every stack.

    Args:
        emulator: Where to.
        fleet: Cameras by fab.
        state_dir: Keeps logs and outputs.
        context: The app's settings beside stage and fleet, as `cdk deploy -c` takes them.

    Raises:
        SandboxError: If the CDK command line is missing or fails; the message ends with what it said.
    """
    if not _CDK.exists():
        raise SandboxError(f"{_CDK} is missing: `make demo` installs it")
    with ThreadPoolExecutor(2) as pool:
        told = {"audit_rate": str(AUDIT_RATE)} | dict(context or {})
        assembly = pool.submit(synthesize, fleet, emulator.environment(), state_dir, told)
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
    told = json.loads((ROOT / "cdk.json").read_text())
    lock = (ROOT / "package-lock.json").read_bytes()
    template = ROOT / "build" / f"cdk-bootstrap-{hashlib.sha256(lock).hexdigest()[:16]}.yaml"
    if not template.exists():
        template.parent.mkdir(exist_ok=True)
        template.write_text(
            _cdk(["bootstrap", "--show-template"], emulator.environment(), state_dir)
        )
    stacks = emulator.client("cloudformation")
    stacks.create_stack(
        StackName=told["toolkitStackName"],
        TemplateBody=template.read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[
            {
                "ParameterKey": "CloudFormationExecutionPolicies",
                "ParameterValue": "arn:aws:iam::aws:policy/AdministratorAccess",
            },
            {
                "ParameterKey": "Qualifier",
                "ParameterValue": told["context"]["@aws-cdk/core:bootstrapQualifier"],
            },
        ],
    )
    stacks.get_waiter("stack_create_complete").wait(
        StackName=told["toolkitStackName"], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def synthesize(
    fleet: Mapping[str, Sequence[str]],
    environment: Mapping[str, str],
    state_dir: Path,
    context: Context,
) -> Path:
    """Return the cloud assembly's folder under build/, named by everything that goes into it."""
    fleet_file = state_dir / "fleet.json"
    fleet_file.write_text(json.dumps(fleet, sort_keys=True))
    folder = ROOT / "build" / f"{_ASSEMBLY}{_digest(fleet_file, context)}"
    if not folder.exists():
        folder.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            made = Path(scratch) / "assembly"
            options = context_options(fleet_file, context)
            _cdk(["synth", "--quiet", "--output", str(made), *options], environment, state_dir)
            with contextlib.suppress(OSError):  # not empty: another run was faster
                made.rename(folder)
        _forget_old_assemblies(folder.parent)
    folder.touch()
    return folder


def context_options(fleet_file: Path, context: Context) -> list[str]:
    """Return what the CDK is told; of what cdk.json says of an account's deployment the sandbox has nothing."""
    told = {
        "stage": _STAGE,
        "fleet": str(fleet_file),
        **dict.fromkeys(_OF_AN_ACCOUNT, ""),
        **context,
    }
    return [part for name, value in told.items() for part in ("-c", f"{name}={value}")]


def _forget_old_assemblies(folder: Path) -> None:
    newest_first = sorted(folder.glob(f"{_ASSEMBLY}*"), key=lambda each: -each.stat().st_mtime)
    for old in newest_first[_KEPT_ASSEMBLIES:]:
        shutil.rmtree(old, ignore_errors=True)


def _digest(fleet_file: Path, context: Context) -> str:
    digest = hashlib.sha256(
        f"{_STAGE} {sorted(context.items())} {sys.version_info[:2]}".encode()
        + fleet_file.read_bytes()
    )
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
