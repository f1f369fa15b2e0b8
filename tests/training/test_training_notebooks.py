"""The notebooks run from top to bottom: on a sample of WM-811K where it is there, on generated wafers otherwise."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from real_wafers import REAL, write_sample

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
CELL_S = 100
LOTS, OF_EACH = 300, 10_000


@pytest.fixture(scope="module")
def sample(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not REAL.exists():
        return data
    return write_sample(tmp_path_factory.mktemp("sample") / "wafers.npz", LOTS, OF_EACH)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Folders of their own, with Matplotlib's fonts found: a slow machine would be told of the search."""
    folder = tmp_path_factory.mktemp("settings")
    names = ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR", "MPLCONFIGDIR")
    found = {name: str(folder / name) for name in names}
    command = [sys.executable, "-c", "import matplotlib.font_manager"]
    subprocess.run(command, env=os.environ | found, check=True, capture_output=True)
    return found


def ids(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", NOTEBOOKS, ids=ids)
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    nbformat.validate(nbformat.read(path, as_version=4))
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert code
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=ids)
def test_a_notebook_runs(
    path: Path, sample: Path, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (settings | {"FABWAFER_DATA": str(sample)}).items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(FOLDER)}}
    NotebookClient(notebook, timeout=CELL_S, kernel_name="python3", resources=where).execute()
    outputs = [each for cell in notebook.cells for each in cell.get("outputs", [])]
    pictures = [each for each in outputs if "image/png" in each.get("data", {})]
    said = "".join(each.get("text", "") for each in outputs if each.output_type == "stream")
    assert len(pictures) >= 4
    assert "wafers of" in said
    assert not [each for each in outputs if each.get("name") == "stderr"]


def test_both_notebooks_are_there() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["01_wafer_maps", "02_errors_and_thresholds"]
