"""`python -m bench.model [--write] [--json FILE]`: measure every contender in turns, print the table.

Every round starts a fresh process a contender, one after another, so that whatever else the machine does meets all alike.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from bench.model.contenders import BUNDLE, CONTENDERS, WORK, Contender
from bench.model.summary import Result, Round, table
from bench.real_wafers import real_wafers
from bench.table import keep, machine
from fabwafer.bundle import MODEL, read_bundle

_SECTION = "model"
_NOTES = """The shipped bundle beside its own fp32, its network in other runtimes, and larger networks: written by `make bench-model ARGS=--write`.

- One thread on one core. {rounds} rounds in turns, a fresh process for each line of each: the median of the rounds, with the least
  and the largest; percentiles within a round. *processor*: p50 of the time that the process had the core for, which other work on
  the machine changes little. {wafers} {kind} wafers of differing sizes, decoded or as PNG.
- *wafer-map bundle*: all that a camera does for a wafer: the whole graph with its heat map, labels, thresholds and rounding. *its
  network*: the same graph to the probabilities alone.
- fp32 is {fp32}
- OpenVINO reads the same ONNX files; int8 with float32 between (faster here than its default), fp32 as it chooses itself: in bfloat16
  where the processor can. LiteRT runs the same codes and scales, translated; it wants fixed shapes, so ONNX Runtime makes
  the planes before it, within its time and its memory.
- ResNet-34 and MobileNetV3-small (torchvision, random weights) take the picture resized by Pillow; int8 by the bundle's own recipe,
  which leaves hard-swish and what scales channels in float.
"""
_REBUILT = """rebuilt from the int8 graph: the same operations and shapes in float, the shipped weights back from their codes. Its
  decisions therefore say what rounding activations changes, not what the weights before rounding would give."""
_GIVEN = "the float graph that the training run kept."


def main() -> None:
    """Measure and print."""
    given = _arguments()
    problems = _prepare(given)
    rounds: dict[Contender, list[Round]] = {each: [] for each in CONTENDERS}
    for turn in range(given.rounds):
        for contender in CONTENDERS:
            if contender not in problems:
                print(f"round {turn + 1}: {contender.name}", file=sys.stderr)
                _run(contender, given, rounds[contender], problems)
    results = [_result(each, given.work, rounds[each], problems) for each in CONTENDERS]
    kind = "real" if given.data.exists() else "generated"
    notes = _NOTES.format(
        rounds=given.rounds, wafers=given.wafers, kind=kind, fp32=_GIVEN if given.fp32 else _REBUILT
    )
    text = f"{notes}\n{machine()}\n\n{table(results)}\n"
    print(text)
    if given.json:
        measured = read_bundle(given.bundle).sha256
        told = [{**_plain(each), "manifest": measured} for each in results]
        given.json.write_text(json.dumps(told, indent=1) + "\n")
    if given.write:
        keep(_SECTION, text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.model", description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the table in docs/benchmarks.md")
    parser.add_argument("--json", type=Path, help="write every round here")
    parser.add_argument("--bundle", type=Path, default=BUNDLE)
    parser.add_argument("--fp32", type=Path, help="the bundle's float graph; rebuilt if not given")
    parser.add_argument(
        "--data", type=Path, default=real_wafers(), help="wafers; generated if missing"
    )
    parser.add_argument("--work", type=Path, default=WORK, help="folder for the contenders' files")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each measurement")
    parser.add_argument("--wafers", type=int, default=400)
    return parser.parse_args()


def _prepare(given: argparse.Namespace) -> dict[Contender, str]:
    """Write the contenders' files; return why some contenders cannot run."""
    command = [sys.executable, "-m", "bench.model.prepare"]
    for name in ("bundle", "work", "data", "wafers"):
        command += [f"--{name}", str(getattr(given, name))]
    if given.fp32:
        command += ["--fp32", str(given.fp32)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    unmade: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return {
        each: unmade.get(each.file, "no file; make bench-model writes it")
        for each in CONTENDERS
        if not (given.work / each.file).exists()
    }


def _run(
    contender: Contender,
    given: argparse.Namespace,
    rounds: list[Round],
    problems: dict[Contender, str],
) -> None:
    """Measure a contender once more; one that fails has no rounds, and is not run again."""
    number = CONTENDERS.index(contender)
    command = [sys.executable, "-m", "bench.model.measure"]
    command += [str(number), str(given.work), str(given.seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["nothing said"]
        problems[contender] = f"exit {done.returncode}: {said[0]}"
        rounds.clear()
    else:
        rounds.append(Round.model_validate_json(done.stdout.splitlines()[-1]))


def _result(
    contender: Contender, work: Path, rounds: list[Round], problems: dict[Contender, str]
) -> Result:
    path = work / contender.file
    file = path / MODEL if path.is_dir() else path
    size = file.stat().st_size if file.exists() else 0
    return Result(contender, size, tuple(rounds), problems.get(contender, ""))


def _plain(result: Result) -> dict[str, object]:
    return {
        **asdict(result.contender),
        "size_bytes": result.size_bytes,
        "problem": result.problem,
        "rounds": [each.model_dump(exclude={"labels"}) for each in result.rounds],
    }


if __name__ == "__main__":
    main()
