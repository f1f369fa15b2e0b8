import base64
import csv
import os
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from edge_parts import write_bundle
from PIL import Image

from edge_component.__main__ import main
from edge_component.classifier import Classifier
from edge_component.patterns import generate_label
from edge_component.pictures import MAX_PIXELS, encode_dies
from fabwafer.errors import BundleError, ContractError
from fabwafer.labels import WM811K

SHIPPED = Path(__file__).parents[2] / "models" / "wafer-map"
GOOD = generate_label("none", np.random.default_rng(1))
RUINED = generate_label("Near-full", np.random.default_rng(1))


def test_an_array_and_its_picture_are_decided_alike(bundle: Path) -> None:
    from_codes, from_png = Classifier.load(bundle).classify([RUINED, encode_dies(RUINED)])
    assert from_codes == from_png
    assert (from_png.label, from_png.accepted) == ("Near-full", True)


def test_a_classification_is_rounded_and_complete(bundle: Path) -> None:
    (found,) = Classifier.load(bundle).classify([GOOD])
    assert list(found.scores) == list(WM811K.names)
    assert found.probability == found.scores[found.label] == round(found.probability, 4)
    assert (len(found.heat), len(found.heat[0])) == (4, 5)


@pytest.mark.parametrize("threshold, accepted", [(0.0, True), (1.0, False)])
def test_the_bundles_threshold_decides_what_is_accepted(
    tmp_path: Path, threshold: float, accepted: bool
) -> None:
    folder = write_bundle(tmp_path / "b", accept={"none": threshold})
    (found,) = Classifier.load(folder).classify([GOOD])
    assert found.accepted is accepted


@pytest.mark.parametrize(
    "model, match",
    [(b"no graph", "INVALID_PROTOBUF|InvalidProtobuf"), (b"", "Fail|INVALID")],
    ids=["rubbish", "empty"],
)
def test_a_bundle_with_a_bad_graph_is_refused(tmp_path: Path, model: bytes, match: str) -> None:
    with pytest.raises(BundleError, match=match):
        Classifier.load(write_bundle(tmp_path / "b", model=model))


def test_a_bundle_with_another_number_of_labels_is_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b", labels=("none", "bad"))
    with pytest.raises(BundleError, match="model.onnx"):
        Classifier.load(folder)


class _Session:
    """A session that answers as it is told."""

    def __init__(self, outputs: list[str], values: list[object] | Exception) -> None:
        self.outputs, self.values = outputs, values

    def get_inputs(self) -> list[object]:
        return [type("Node", (), {"name": "wafer", "shape": ["height", "width"]})]

    def get_outputs(self) -> list[object]:
        return [type("Node", (), {"name": name}) for name in self.outputs]

    def run(self, _outputs: list[str], _inputs: object) -> list[object]:
        if isinstance(self.values, Exception):
            raise self.values
        return self.values


def test_features_become_the_embedding_of_a_byte_each(bundle: Path) -> None:
    outputs = ["probabilities", "heat", "features"]
    values: list[object] = [SURE, [[0.0]], np.array([0.0, 2.0, -1.0, 0.5], np.float32)]
    (found,) = classifier_of(bundle, outputs, values).classify([GOOD])
    assert found.embedding is not None
    assert np.frombuffer(base64.b64decode(found.embedding), np.int8).tolist() == [0, 127, -64, 32]


@pytest.mark.parametrize("features, length", [(300, 400), (301, None)])
def test_more_features_than_a_prediction_may_carry_are_left_out(
    bundle: Path, features: int, length: int | None
) -> None:
    values: list[object] = [SURE, [[0.0]], np.zeros(features, np.float32)]
    odd = classifier_of(bundle, ["probabilities", "heat", "features"], values)
    (found,) = odd.classify([GOOD])
    assert (None if found.embedding is None else len(found.embedding)) == length


def classifier_of(bundle: Path, outputs: list[str], values: list[object] | Exception) -> Classifier:
    return Classifier(Classifier.load(bundle).manifest, _Session(outputs, values))


def test_a_wafer_that_the_graph_fails_on_is_refused_and_the_next_one_passes(bundle: Path) -> None:
    failing = classifier_of(bundle, ["probabilities", "heat"], RuntimeError("out of luck"))
    with pytest.raises(ContractError, match="out of luck"):
        failing.classify([GOOD])


SURE = [1.0] + [0.0] * 8


@pytest.mark.parametrize(
    "field, values",
    [
        ("probabilities", [[float("nan")] * 9, [[0.0]], 0.0]),
        ("heat", [SURE, [[0.0, float("nan")]], 0.0]),
        ("novelty", [SURE, [[0.0]], float("inf")]),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_no_number_is_refused(bundle: Path, field: str, values: list[object]) -> None:
    odd = classifier_of(bundle, ["probabilities", "heat", "novelty"], values)
    with pytest.raises(ContractError, match="finite") as raised:
        odd.classify([GOOD])
    assert raised.value.field == field


@pytest.mark.parametrize("novelty, accepted", [(1.0, True), (3.0, False)])
def test_a_novel_wafer_is_not_accepted(tmp_path: Path, novelty: float, accepted: bool) -> None:
    folder = write_bundle(tmp_path / "b", novelty=2.0)
    outputs = ["probabilities", "heat", "novelty"]
    values: list[object] = [[1.0] + [0.0] * 8, [[0.0]], np.float32(novelty)]
    (found,) = classifier_of(folder, outputs, values).classify([GOOD])
    assert (found.novelty, found.accepted) == (novelty, accepted)


@pytest.mark.parametrize(
    "output, reason",
    [("levels", "grey levels"), ("shape", "shape"), ("novelty", "unlike any wafer")],
)
@pytest.mark.parametrize("beyond", [False, True])
def test_a_picture_is_refused_for_what_the_graph_measures(
    tmp_path: Path, output: str, reason: str, beyond: bool
) -> None:
    folder = write_bundle(tmp_path / "b", refusal={reason: 2.0})
    values: list[object] = [SURE, [[0.0]], np.float32(3.0 if beyond else 2.0)]
    (found,) = classifier_of(folder, ["probabilities", "heat", output], values).classify([GOOD])
    assert (found.refused, found.accepted) == ((reason, False) if beyond else (None, True))
    assert (found.label, found.probability) == ("none", 1.0)


@pytest.mark.parametrize("threshold, refused", [({}, None), ({"colour": 0.02}, "colour")])
def test_a_picture_in_colour_is_refused_where_the_bundle_asks_for_it(
    tmp_path: Path, threshold: dict[str, float], refused: str | None
) -> None:
    buffer = BytesIO()
    Image.fromarray(np.dstack([RUINED * 127, RUINED * 60, RUINED * 10])).save(buffer, "PNG")
    classifier = Classifier.load(write_bundle(tmp_path / "b", refusal=threshold))
    (found,) = classifier.classify([buffer.getvalue()])
    assert found.refused == refused


@pytest.mark.parametrize("outputs", [["probabilities"], ["probabilities", "heat", "other"]])
def test_a_graph_of_another_interface_is_not_used(bundle: Path, outputs: list[str]) -> None:
    with pytest.raises(ValueError, match="expected wafer"):
        classifier_of(bundle, outputs, [])._check_graph()


class TestBatch:
    @pytest.fixture
    def run(self, bundle: Path, tmp_path: Path) -> Callable[..., tuple[int, list[dict[str, str]]]]:
        def classify(*paths: Path) -> tuple[int, list[dict[str, str]]]:
            out = tmp_path / "out.csv"
            status = main(
                ["classify", *map(str, paths), "--csv", str(out), "--bundle", str(bundle)]
            )
            return status, list(csv.DictReader(out.read_text().splitlines()))

        return classify

    def test_every_picture_gets_a_row(
        self, run: Callable[..., tuple[int, list[dict[str, str]]]], tmp_path: Path
    ) -> None:
        deep = tmp_path / "in" / "deep"
        deep.mkdir(parents=True)
        (deep / "a.png").write_bytes(encode_dies(RUINED))
        (deep / "b.PNG").write_bytes(b"no picture")
        (deep / "c.txt").write_bytes(b"left out: no picture by name")
        (tmp_path / "d").write_bytes(encode_dies(GOOD))
        status, rows = run(tmp_path / "in", tmp_path / "d", tmp_path / "gone.png")
        assert status == 0
        assert [(Path(row["path"]).name, row["prediction"], bool(row["error"])) for row in rows] == [
            ("a.png", "Near-full", False), ("b.PNG", "", True), ("d", "none", False), ("gone.png", "", True),
        ]  # fmt: skip
        assert rows[0]["accepted"] == "1"
        assert float(rows[0]["p_Near-full"]) == float(rows[0]["probability"])

    def test_the_table_says_what_is_refused(self, tmp_path: Path) -> None:
        bundle = write_bundle(tmp_path / "b", refusal={"colour": -1.0})
        (tmp_path / "a.png").write_bytes(encode_dies(GOOD))
        arguments = ["classify", str(tmp_path / "a.png"), "--csv", str(tmp_path / "out.csv")]
        assert main([*arguments, "--bundle", str(bundle)]) == 0
        (row,) = csv.DictReader((tmp_path / "out.csv").read_text().splitlines())
        assert (row["prediction"], row["refused"], row["accepted"]) == ("none", "colour", "0")

    def test_nothing_classified_is_a_failure(
        self, run: Callable[..., tuple[int, list[dict[str, str]]]], tmp_path: Path
    ) -> None:
        status, rows = run(tmp_path / "gone.png")
        assert (status, len(rows)) == (1, 1)

    def test_a_name_that_is_no_utf_8_ended_it_with_a_traceback(
        self, run: Callable[..., tuple[int, list[dict[str, str]]]], tmp_path: Path
    ) -> None:
        path = tmp_path / os.fsdecode(b"W\xe4fer.png")
        path.write_bytes(encode_dies(GOOD))
        status, rows = run(path)
        assert (status, Path(rows[0]["path"]).name) == (0, "W\\udce4fer.png")

    def test_a_table_in_a_missing_folder_ended_it_with_a_traceback(
        self, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "gone" / "out.csv"
        assert main(["classify", "x.png", "--csv", str(out), "--bundle", str(bundle)]) == 2
        assert capsys.readouterr().err == f"{out}: No such file or directory\n"

    def test_a_missing_bundle_is_named(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        arguments = [
            "classify",
            "x.png",
            "--csv",
            str(tmp_path / "o.csv"),
            "--bundle",
            str(tmp_path / "gone"),
        ]
        assert main(arguments) == 2
        assert "gone/manifest.json" in capsys.readouterr().err


def test_telemetry_is_off_before_onnx_runtime_is_imported() -> None:
    watch = """
import os, sys

class Watch:
    def find_spec(self, name, *_):
        if name == "onnxruntime":
            print(os.environ.get("ORT_DISABLE_TELEMETRY"))

sys.meta_path.insert(0, Watch())
import edge_component.classifier
"""
    environment = {name: v for name, v in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    seen = subprocess.run(
        [sys.executable, "-c", watch], env=environment, capture_output=True, text=True, check=True
    )
    assert seen.stdout.splitlines() == ["1"]


MEMORY = """
import sys
from pathlib import Path
from edge_component.classifier import Classifier
from fabwafer.errors import ContractError

def memory_mb(name):
    line = next(each for each in open("/proc/self/status") if each.startswith(name))
    return int(line.split()[1]) / 1024

classifier = Classifier.load(sys.argv[1])
before = memory_mb("VmRSS")
for path in sys.argv[2:]:
    try:
        classifier.classify([Path(path).read_bytes()])
    except ContractError:
        pass
print(memory_mb("VmRSS") - before, memory_mb("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's figures")
def test_a_small_file_of_many_pixels_took_a_gigabyte_of_the_device_for_good(tmp_path: Path) -> None:
    pictures = []
    for side in (int(MAX_PIXELS**0.5), 4096):
        pictures.append(tmp_path / f"{side}.png")
        pictures[-1].write_bytes(
            encode_dies(np.resize(np.array([0, 1, 2], np.uint8), (side, side)))
        )
    command = [sys.executable, "-c", MEMORY, str(SHIPPED), *map(str, pictures)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    kept_mb, peak_mb = map(float, done.stdout.split())
    assert kept_mb < 80
    assert peak_mb < 130
