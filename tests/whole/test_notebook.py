"""The notebook that needs the wheel alone: stored without outputs, it installs the wheel of this version and runs to its end."""

import json
from pathlib import Path

import pytest

import tinygrad_rnn as tg

ROOT = Path(tg.__file__).resolve().parents[1]
PATH = ROOT / "docs" / "first_steps.ipynb"


def test_it_installs_the_wheel_of_this_version_and_is_stored_before_a_run():
    cells = [cell for cell in json.loads(PATH.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert [(cell["outputs"], cell["execution_count"]) for cell in cells] == [([], None)] * len(cells)
    first = "".join(cells[0]["source"])
    assert f'WHEEL = "tinygrad_rnn-{tg.__version__}-py3-none-any.whl"' in first
    assert first.endswith("%pip install -q $WHEEL")
    assert f"tinygrad_rnn-{tg.__version__}-py3-none-any.whl" in (ROOT / "docs" / "start.md").read_text(encoding="utf-8")


@pytest.mark.filterwarnings("ignore")  # what notebooks warn of is theirs
def test_it_draws_trains_and_shows_a_page(tmp_path, monkeypatch):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(PATH, as_version=4)
    cells = notebook.cells = [cell for cell in notebook.cells if "%pip" not in cell.source]
    nbclient.NotebookClient(notebook, timeout=100, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    picture, training, page = ([*cell.outputs] for cell in cells if cell.cell_type == "code")
    assert picture[-1].data["image/svg+xml"].startswith("<svg")
    assert "of 500 new sequences are right" in "".join(part.text for part in training if part.output_type == "stream")
    assert "<iframe" in page[-1].data["text/html"]
    assert [*tmp_path.iterdir()] == []
