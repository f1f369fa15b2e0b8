import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from generated_wafers import CLASSES, write_set

from fabwafer.errors import ContractError
from training.data.lots import Split, split_of
from training.data.maps import Maps, eight_views, symmetric_digests
from training.data.npz import read_npz
from training.data.wafers import WaferSet, require_disjoint_lots, splits


def test_no_lot_is_in_two_splits(wafers: WaferSet) -> None:
    lots = [set(wafers.lots[indices].tolist()) for indices in splits(wafers).values()]
    assert sum(map(len, lots)) == len(set().union(*lots))


def test_no_turned_or_mirrored_copy_crosses_splits(wafers: WaferSet) -> None:
    digests = symmetric_digests(wafers.maps)
    forms = [set(digests[indices].tolist()) for indices in splits(wafers).values()]
    assert len(set(digests.tolist())) < len(wafers)
    assert sum(map(len, forms)) == len(set().union(*forms))


def test_test_lots_keep_all_of_their_wafers(wafers: WaferSet) -> None:
    expected = [n for n, lot in enumerate(wafers.lots) if split_of(int(lot)) is Split.TEST]
    assert splits(wafers)[Split.TEST].tolist() == expected


def test_of_equal_maps_one_stays_in_train(tmp_path: Path) -> None:
    lot = next(lot for lot in range(100) if split_of(lot) is Split.TRAIN)
    once = np.array([[0, 1], [2, 1]], np.uint8)
    path = write_set(tmp_path / "x.npz", list(eight_views(once)), [0] * 8, [lot] * 8)
    assert splits(read_npz(path))[Split.TRAIN].tolist() == [0]


def test_lots_are_shared_out_as_announced() -> None:
    drawn = [split_of(lot) for lot in range(20_000)]
    shares = [drawn.count(split) / len(drawn) for split in Split]
    assert shares == pytest.approx([0.70, 0.05, 0.10, 0.15], abs=0.01)


def test_the_published_split_stays_what_it_was() -> None:
    drawn = "".join(split_of(lot)[0] for lot in range(10_000))
    assert hashlib.sha256(drawn.encode()).hexdigest().startswith("9509404f016ad833")


def test_another_seed_shares_out_otherwise() -> None:
    assert [split_of(lot, 1) for lot in range(50)] != [split_of(lot, 2) for lot in range(50)]


def test_a_lot_in_two_parts_is_refused(wafers: WaferSet) -> None:
    parts = {Split.TRAIN: np.array([0]), Split.TEST: np.array([1])}
    with pytest.raises(
        ContractError, match="lot: expected in train or in test, not in both, got 0"
    ):
        require_disjoint_lots(wafers, parts)


def test_the_splits_pass_that_check(wafers: WaferSet) -> None:
    require_disjoint_lots(wafers, splits(wafers))


def test_the_eight_views_of_a_map_are_the_same_form() -> None:
    views = list(eight_views(np.array([[0, 1, 2], [1, 1, 2]], np.uint8)))
    flat = np.concatenate([view.ravel() for view in views])
    maps = Maps(flat, np.array([view.shape for view in views]))
    assert len({view.tobytes() + bytes(view.shape) for view in views}) == 8
    assert len(set(symmetric_digests(maps).tolist())) == 1


def test_maps_of_the_same_codes_but_another_shape_differ() -> None:
    maps = Maps(np.ones(24, np.uint8), np.array([[2, 6], [3, 4]]))
    assert len(set(symmetric_digests(maps).tolist())) == 2


def test_rows_are_numbered_when_the_file_has_none(data: Path, tmp_path: Path) -> None:
    _rewrite(data, tmp_path / "x.npz", row=None)
    assert read_npz(tmp_path / "x.npz").rows[:3].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"flat": None}, "members: expected also flat", id="missing"),
        pytest.param({"flat": np.zeros(3, np.uint8)}, "flat: expected uint8", id="too-short"),
        pytest.param({"shapes": np.zeros((4, 3), int)}, "shapes: expected", id="no-sizes"),
        pytest.param({"shapes": np.zeros((0, 2), int)}, "shapes: expected", id="empty"),
        pytest.param(
            {"shapes": np.full((1, 2), 2**32), "flat": np.zeros(0, np.uint8)},
            "shapes: expected sizes 1 to 65535",
            id="huge",
        ),
        pytest.param(
            {"labels": np.zeros(3, int)}, "labels: expected one for each", id="few-labels"
        ),
        pytest.param({"labels": np.full(600, 9)}, "labels: expected indices", id="unknown-label"),
        pytest.param({"labels": np.full(600, -1)}, "labels: expected indices", id="negative-label"),
        pytest.param({"lot": np.zeros(600)}, "lot: expected integers", id="lots-as-floats"),
        pytest.param({"classes": np.array(CLASSES[:2])}, "labels: expected", id="few-classes"),
        pytest.param({"classes": np.array("none")}, "classes: expected a list", id="one-class"),
        pytest.param(
            {"classes": np.array([CLASSES])}, "classes: expected a list", id="classes-in-a-table"
        ),
        pytest.param(
            {"classes": np.array([*CLASSES, "none"])}, "classes: expected a list", id="class-twice"
        ),
        pytest.param({"classes": np.arange(4)}, "classes: expected a list", id="numbers"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(
    data: Path, tmp_path: Path, changes: dict[str, np.ndarray | None], message: str
) -> None:
    _rewrite(data, tmp_path / "bad.npz", **changes)
    with pytest.raises(ContractError, match=message):
        read_npz(tmp_path / "bad.npz")


def test_a_code_that_is_none_is_refused(data: Path, tmp_path: Path) -> None:
    flat = np.load(data)["flat"]
    flat[7] = 3
    _rewrite(data, tmp_path / "bad.npz", flat=flat)
    with pytest.raises(ContractError, match="flat: expected die codes up to 2, got 3"):
        read_npz(tmp_path / "bad.npz")


@pytest.mark.parametrize("kind", ["truncated", "text", "pickle", "single-array", "absent"])
def test_a_file_that_is_no_archive_is_refused(data: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bad.npz"
    if kind == "truncated":
        path.write_bytes(data.read_bytes()[:5000])
    elif kind == "text":
        path.write_text("wafers")
    elif kind == "pickle":
        _rewrite(data, path, flat=np.array([{}], dtype=object))
    elif kind == "single-array":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    with pytest.raises(ContractError, match="an npz of wafer maps"):
        read_npz(path)


def test_a_damaged_member_is_refused(data: Path, tmp_path: Path) -> None:
    content = bytearray(data.read_bytes())
    content[2000:2100] = bytes(100)
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(ContractError, match="an npz of wafer maps"):
        read_npz(tmp_path / "bad.npz")


def test_a_member_that_is_no_array_is_refused_by_name(data: Path, tmp_path: Path) -> None:
    _rewrite(data, tmp_path / "bad.npz", flat=None)
    with zipfile.ZipFile(tmp_path / "bad.npz", "a") as archive:
        archive.writestr("flat", b"wafers")
    with pytest.raises(ContractError, match=r"bad\.npz: flat: expected an npz of wafer maps"):
        read_npz(tmp_path / "bad.npz")


@pytest.mark.filterwarnings("ignore")  # NumPy's, of headers that were flipped into old ones
@pytest.mark.parametrize("pack", [np.savez, np.savez_compressed], ids=["plain", "compressed"])
def test_whatever_bytes_are_flipped_a_file_is_read_or_refused(
    data: Path, tmp_path: Path, pack: Callable[..., None]
) -> None:
    members = dict(np.load(data))
    few = {name: members[name][:5] for name in ("shapes", "labels", "lot")}
    flat = members["flat"][: int(few["shapes"].astype(int).prod(1).sum())]
    pack(tmp_path / "whole.npz", flat=flat, classes=members["classes"], **few)
    whole = np.frombuffer((tmp_path / "whole.npz").read_bytes(), np.uint8)
    generator = np.random.default_rng(5)
    refused = 0
    for _ in range(300):
        spoilt = whole.copy()
        spoilt[generator.integers(0, len(whole), 4)] ^= generator.integers(1, 256, 4, np.uint8)
        (tmp_path / "bad.npz").write_bytes(spoilt.tobytes())
        try:
            read_npz(tmp_path / "bad.npz")
        except ContractError:
            refused += 1
    assert refused > 200


def _rewrite(source: Path, target: Path, **changes: np.ndarray | None) -> None:
    members = dict(np.load(source)) | changes
    np.savez(target, **{name: value for name, value in members.items() if value is not None})
