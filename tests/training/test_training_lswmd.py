import io
import os
import pickle
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pickled_by_python2 import Text, dumps, frame

from fabwafer.errors import ContractError
from fabwafer.labels import WM811K
from training.data.lots import Split
from training.data.lswmd import read_lswmd, read_lswmd_unlabelled
from training.data.maps import Maps
from training.data.opcodes import require_modest
from training.data.pickled import as_array, as_text, read_columns
from training.data.unlabelled import for_training, read_unlabelled

LAYOUTS = ("0.12", "0.14", "0.19")
LABELS = ("none", "Edge-Loc", None, "Scratch", None, "Near-full")


def some_maps() -> list[np.ndarray]:
    generator = np.random.default_rng(1)
    return [generator.integers(0, 3, (5 + n, 7), dtype=np.uint8) for n in range(len(LABELS))]


def objects(cells: list[Any]) -> np.ndarray:
    column = np.empty(len(cells), object)
    column[:] = cells
    return column


def nested(text: str | None) -> np.ndarray:
    """As scipy reads a cell of MATLAB's: text in two brackets, or nothing."""
    return np.array([[text]]) if text else np.empty((0, 0), np.uint8)


def columns() -> dict[str, np.ndarray]:
    count = len(LABELS)
    return {
        "waferMap": objects(some_maps()),
        "dieSize": np.linspace(500.0, 1700.0, count),
        "lotName": objects([Text(f"lot{n // 2 + 41}") for n in range(count)]),
        "waferIndex": np.arange(1.0, count + 1),
        "trianTestLabel": objects([nested("Training" if label else None) for label in LABELS]),
        "failureType": objects([nested(label) for label in LABELS]),
    }


@pytest.mark.parametrize("layout", LAYOUTS)
def test_labelled_wafers_are_read_from_every_layout(tmp_path: Path, layout: str) -> None:
    (tmp_path / "x.pkl").write_bytes(frame(columns(), layout))
    wafers = read_lswmd(tmp_path / "x.pkl")
    labelled = [n for n, label in enumerate(LABELS) if label]
    assert wafers.rows.tolist() == labelled
    assert [WM811K.names[label] for label in wafers.labels] == [LABELS[n] for n in labelled]
    assert wafers.lots.tolist() == [41, 41, 42, 43]
    assert wafers.classes == WM811K.names
    for position, row in enumerate(labelled):
        assert np.array_equal(wafers.maps[position], some_maps()[row])
    assert wafers.left_out == {"unlabelled": 2}


def test_unlabelled_wafers_are_the_others(tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_bytes(frame(columns(), "0.19"))
    maps, lots = read_lswmd_unlabelled(tmp_path / "x.pkl")
    assert lots.tolist() == [42, 43]
    assert [maps[n].tolist() for n in range(2)] == [some_maps()[n].tolist() for n in (2, 4)]


def test_a_student_may_learn_from_its_unlabelled_wafers(tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_bytes(frame(columns(), "0.19"))
    maps, map_ids, lots = read_unlabelled(tmp_path / "x.pkl")
    assert map_ids.tolist() == [0, 1]
    labelled = read_lswmd(tmp_path / "x.pkl")
    told = replace(labelled, fixed={42: Split.TEST, 43: Split.TRAIN})
    assert for_training(maps, map_ids, lots, told).tolist() == [1]


def test_the_synthetic_file_is_a_pickle_of_python_2() -> None:
    content = frame(columns(), "0.19")
    assert content.startswith(b"\x80\x02cpandas.core.frame\nDataFrame\n")
    for name in (
        b"cpandas.indexes.base\n",
        b"cnumpy.core.multiarray\n_reconstruct",
        b"c__builtin__\nslice",
    ):
        assert name in content
    assert b"cnumpy._core" not in content
    assert b"_codecs" not in content


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["u1", "<f8", ">i4", "<U3", "S2", "?", "O"])
def test_arrays_are_read_as_numpy_reads_them(order: str, kind: str) -> None:
    values = np.array(np.arange(12).reshape(3, 4), order=order).astype(kind)
    assert values.flags.f_contiguous is (order == "F")
    content = dumps(values)
    expected = pickle.loads(content.replace(b"numpy.core", b"numpy._core"), encoding="latin1")  # noqa: S301
    found = as_array(_records_of(content))
    assert found.dtype.newbyteorder("=") == expected.dtype
    assert found.tolist() == expected.tolist()


def _records_of(content: bytes) -> Any:
    from training.data.pickled import _Unpickler

    return _Unpickler(io.BytesIO(content), "x").load()


@pytest.mark.parametrize(
    "cell, text",
    [
        ("Loc", "Loc"),
        ([["Loc"]], "Loc"),
        (np.array([["Loc"]]), "Loc"),
        ([], ""),
        (np.empty((0, 0)), ""),
    ],
    ids=["plain", "lists", "arrays", "no list", "no array"],
)
def test_a_text_is_found_however_deep(cell: object, text: str) -> None:
    assert as_text(cell) == text


class Runs:
    """What a malicious pickle looks like: it asks for a call while it is read."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.called = (function, arguments)

    def __reduce__(self) -> Any:
        return self.called


@pytest.mark.parametrize(
    "function, named",
    [
        pytest.param(os.system, "posix.system", id="a command"),
        pytest.param(eval, "__builtin__.eval", id="eval"),
        pytest.param(getattr, "__builtin__.getattr", id="getattr"),
        pytest.param(np.load, "numpy.load", id="another function of NumPy"),
        pytest.param(np.frombuffer, "frombuffer", id="memory"),
    ],
)
def test_a_pickle_with_code_is_refused_by_name_and_not_run(
    tmp_path: Path, function: Callable[..., Any], named: str
) -> None:
    trace = tmp_path / "trace"
    content = pickle.dumps(Runs(function, f"touch {trace}"), 2)
    (tmp_path / "x.pkl").write_bytes(content)
    with pytest.raises(ContractError, match=named):
        read_lswmd(tmp_path / "x.pkl")
    assert not trace.exists()


def test_code_hidden_in_a_cell_is_refused(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    hidden = columns() | {"dieSize": objects([Runs(os.mkdir, str(trace))] * len(LABELS))}
    (tmp_path / "x.pkl").write_bytes(frame(hidden, "0.19"))
    with pytest.raises(ContractError, match=r"x\.pkl: expected .* got 'posix\.mkdir'"):
        read_lswmd(tmp_path / "x.pkl")
    assert not trace.exists()


def test_an_array_of_objects_over_raw_bytes_took_the_process_down(tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_bytes(dumps(Runs(np.ndarray, (1,), "O", b"\1" * 8)))
    with pytest.raises(ContractError, match="expected a pandas"):
        read_columns(tmp_path / "x.pkl")


def _without(name: str) -> dict[str, np.ndarray]:
    return {key: value for key, value in columns().items() if key != name}


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"failureType": objects([nested("Comet")] * 6)}, r"failureType\[0\]: expected one of none"),
        ({"failureType": objects([np.array(["none", "Loc"])] * 6)}, r"failureType\[0\]: expected one label"),
        ({"failureType": objects([np.array([[3.5]])] * 6)}, r"failureType\[0\]: expected one label"),
        ({"waferMap": objects([np.full((2, 2), 3, np.uint8)] * 6)}, r"waferMap\[0\]: expected a grid"),
        ({"waferMap": objects([np.zeros(4, np.uint8)] * 6)}, r"waferMap\[0\]: expected a grid"),
        ({"waferMap": objects([np.zeros((2, 2))] * 6)}, r"waferMap\[0\]: expected a grid"),
        ({"waferMap": objects([None] * 6)}, r"waferMap\[0\]: expected a grid"),
        ({"lotName": objects([7] * 6)}, r"lotName\[0\]: expected the name of a lot"),
    ],
    ids=["label", "two labels", "number", "code 3", "no grid", "floats", "nothing", "lot"],
)  # fmt: skip
def test_a_cell_that_makes_no_sense_is_named(
    tmp_path: Path, changes: dict[str, np.ndarray], message: str
) -> None:
    (tmp_path / "x.pkl").write_bytes(frame(columns() | changes, "0.19"))
    with pytest.raises(ContractError, match=message):
        read_lswmd(tmp_path / "x.pkl")


def test_a_cell_that_holds_itself_kept_the_reader_busy_for_ever(tmp_path: Path) -> None:
    endless: list[Any] = []
    endless.append(endless)
    (tmp_path / "x.pkl").write_bytes(
        frame(columns() | {"failureType": objects([endless] * 6)}, "0.19")
    )
    with pytest.raises(ContractError, match=r"failureType\[0\]: expected one label"):
        read_lswmd(tmp_path / "x.pkl")


def test_a_table_without_labels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_bytes(frame(_without("failureType"), "0.19"))
    with pytest.raises(ContractError, match=r"columns: expected also failureType, got \['dieSize'"):
        read_lswmd(tmp_path / "x.pkl")


def test_columns_without_names_are_shown_beside_others(tmp_path: Path) -> None:
    spoilt = {7 if name == "lotName" else name: cells for name, cells in columns().items()}
    (tmp_path / "x.pkl").write_bytes(frame(spoilt, "0.19"))
    with pytest.raises(ContractError, match=r"columns: expected also lotName, got \['7', 'dieS"):
        read_lswmd(tmp_path / "x.pkl")


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda content: content[: len(content) // 2], id="cut"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b"wafers, wafers, wafers", id="text"),
        pytest.param(lambda _: pickle.dumps([1, 2, 3], 2), id="a list"),
        pytest.param(lambda content: content.replace(b"0.14.1", b"0.99.1"), id="unknown layout"),
        pytest.param(lambda content: content.replace(b"U\x02u1", b"U\x02V8"), id="other dtype"),
    ],
)
def test_a_damaged_pickle_is_refused(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    (tmp_path / "x.pkl").write_bytes(spoil(frame(columns(), "0.19")))
    with pytest.raises(ContractError, match=r"x\.pkl"):
        read_lswmd(tmp_path / "x.pkl")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\x80\x02K\x01r" + struct.pack("<I", 2**26) + b".", id="binary"),
        pytest.param(b"\x80\x02K\x01p67108864\n.", id="text"),
    ],
)
def test_a_memo_index_of_ten_bytes_took_a_gigabyte(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pkl").write_bytes(content)
    with pytest.raises(ContractError, match=r"x\.pkl: expected .* memo index 67108864"):
        read_columns(tmp_path / "x.pkl")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_any_pickler_writes_is_modest(protocol: int) -> None:
    values = [*range(-3, 3000, 7), 2**70, 0.5, None, True, "é" * 300, b"\0" * 300, {"a": (1,)}]
    content = pickle.dumps([values, [str(each) for each in values], dumps], protocol)
    require_modest(content)
    with pytest.raises(IndexError):
        require_modest(content[:-1])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_whatever_bytes_are_flipped_a_pickle_is_read_or_refused(
    tmp_path: Path, layout: str
) -> None:
    whole = np.frombuffer(frame(columns(), layout), np.uint8)
    generator = np.random.default_rng(5)
    refused = 0
    for _ in range(200):
        spoilt = whole.copy()
        spoilt[generator.integers(0, len(whole), 3)] ^= generator.integers(1, 256, 3, np.uint8)
        (tmp_path / "x.pkl").write_bytes(spoilt.tobytes())
        try:
            read_lswmd(tmp_path / "x.pkl")
        except ContractError:
            refused += 1
    assert refused > 50


def test_an_absent_pickle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="expected a pandas 0.x table.*No such file"):
        read_lswmd(tmp_path / "x.pkl")


def test_a_bad_shape_is_refused(tmp_path: Path) -> None:
    content = frame(columns() | {"waferMap": objects([np.zeros((1, 5), np.uint8)] * 6)}, "0.19")
    assert b"K\x01K\x05\x86" in content
    (tmp_path / "x.pkl").write_bytes(content.replace(b"K\x01K\x05\x86", b"K\x01K\x09\x86"))
    with pytest.raises(ContractError, match=r"waferMap\[0\]: expected a grid"):
        read_lswmd(tmp_path / "x.pkl")


def test_maps_read_from_a_pickle_equal_those_put_together(tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_bytes(frame(columns(), "0.19"))
    expected = Maps.of([wafer for wafer, label in zip(some_maps(), LABELS, strict=True) if label])
    assert np.array_equal(read_lswmd(tmp_path / "x.pkl").maps.flat, expected.flat)
