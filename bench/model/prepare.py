"""The shipped bundle -> the files that the contenders run, in the work folder.

Run as `python -m bench.model.prepare` in a process of its own: what it loads is nobody's memory. Prints, as JSON, the
files that could not be made and why.
"""

import argparse
import hashlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]

from bench.model import wafers
from bench.model.contenders import FP32, INT8, PLANES, WAFERS
from bench.model.float_graph import float_graph
from fabwafer.bundle import MANIFEST, MODEL, read_bundle, sealed
from fabwafer.errors import FabWaferError

_INPUT, _OUTPUT = "wafer", "probabilities"
_SPLIT_AT = "planes"
"""The value of a bundle's graph up to which shapes follow the wafer's, and from which they are fixed."""


def prepare(bundle: Path, folder: Path, fp32: Path | None = None) -> dict[str, str]:
    """Write everything; return the files that could not be made, with the reason.

    Args:
        bundle: The shipped one.
        folder: The work folder.
        fp32: The float graph of the bundle, if there is one; rebuilt from the shipped graph otherwise.

    Raises:
        BundleError: If the bundle is damaged.
    """
    read_bundle(bundle)
    shutil.rmtree(folder / INT8, ignore_errors=True)
    shutil.copytree(bundle, folder / INT8)
    int8 = onnx.load(folder / INT8 / MODEL)
    graphs = {INT8: int8, FP32: onnx.load(fp32) if fp32 else float_graph(int8)}
    write_bundle(folder / INT8, folder / FP32, graphs[FP32])
    for weights, graph in graphs.items():
        onnx.save(part(graph, _INPUT, _OUTPUT), folder / f"{weights}.onnx")
    return _write_tflite(folder, graphs)


def part(model: onnx.ModelProto, start: str, end: str) -> onnx.ModelProto:
    """Return the graph from one value to another.

    Raises:
        ValueError: If it has no such values.
    """
    inferred = onnx.shape_inference.infer_shapes(model)
    return onnx.utils.Extractor(inferred).extract_model([start], [end])


def write_bundle(shipped: Path, target: Path, graph: onnx.ModelProto) -> None:
    """Write a bundle that differs from the shipped one in its graph alone."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(shipped, target)
    content = graph.SerializeToString()
    (target / MODEL).write_bytes(content)
    manifest = read_bundle(shipped).model_dump(mode="json")
    manifest["files"] |= {MODEL: hashlib.sha256(content).hexdigest()}
    (target / MANIFEST).write_text(json.dumps(sealed(manifest)))


def _write_tflite(folder: Path, graphs: dict[str, onnx.ModelProto]) -> dict[str, str]:
    problems = {}
    for weights, graph in graphs.items():
        target = folder / f"{weights}.tflite"
        target.unlink(missing_ok=True)
        try:
            from bench.model.tflite import translate  # LiteRT need not be installable everywhere

            onnx.save(part(graph, _INPUT, _SPLIT_AT), folder / PLANES)
            network = part(graph, _SPLIT_AT, _OUTPUT)
            _fix_shape(network, folder / PLANES)
            target.write_bytes(translate(network))
        except Exception as error:  # noqa: BLE001 whatever keeps a rival out becomes its line
            problems[target.name] = f"{type(error).__name__}: {error}"
    return problems


def _fix_shape(network: onnx.ModelProto, planes: Path) -> None:
    """Write into the network's input what shape the graph before it makes."""
    session = onnxruntime.InferenceSession(planes)
    (made,) = session.run(None, {_INPUT: np.ones((9, 9), np.uint8)})
    sizes = network.graph.input[0].type.tensor_type.shape.dim
    for size, value in zip(sizes, made.shape, strict=True):
        size.dim_value = value
    del network.graph.value_info[:]  # to be inferred anew


def main() -> None:
    """Prepare, and print the problems."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--fp32", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--wafers", type=int, required=True)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    try:
        wafers.write(given.work / WAFERS, wafers.gather(given.data, given.wafers))
        print(json.dumps(prepare(given.bundle, given.work, given.fp32)))
    except (FabWaferError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
