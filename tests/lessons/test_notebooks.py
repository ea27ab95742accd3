"""Every lesson as a notebook, in a kernel of its own: solved it runs to its end, as shipped it stops in a readable way."""

import pytest
from learner import LESSONS, ROOT, checkout, solve

jupytext, nbclient = pytest.importorskip("jupytext"), pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
pytestmark = [pytest.mark.course, pytest.mark.filterwarnings("ignore")]  # what notebooks warn of is theirs


def executed(path, monkeypatch):
    """The notebook of a lesson after a run, and the error that ended it: `jupytext --to ipynb`, and a click on "run all"."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = jupytext.read(path)
    client = nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    try:
        client.execute()
    except nbclient.exceptions.CellExecutionError as error:
        return notebook, error
    return notebook, None


def outputs(notebook, kind):
    return [output for cell in notebook.cells for output in cell.get("outputs", ()) if output.output_type == kind]


def printed(notebook):
    return "".join(output.text for output in outputs(notebook, "stream") if output.name == "stdout")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda entry: entry.number)
def test_a_lesson_as_a_notebook(lesson, tmp_path, monkeypatch):
    path = checkout(tmp_path / "lessons") / lesson.path.name
    notebook, error = executed(path, monkeypatch)
    assert error.ename == "Unfinished"
    assert "hint: lesson.hint()" in printed(notebook)
    assert f"exercise 1 of {len(lesson.exercises)} - {lesson.exercises[0].name}" in printed(notebook)
    assert [(output.evalue, output.traceback) for output in outputs(notebook, "error")] == [("it stops here: see above", [])]

    solve(path)
    path.write_text(
        path.read_text(encoding="utf-8").replace(f'Lesson("{lesson.number}")', f'Lesson("{lesson.number}", "--fast")'),
        encoding="utf-8",
    )
    notebook, error = executed(path, monkeypatch)
    assert error is None, error
    assert printed(notebook).count("ok: exercise") == len(lesson.exercises)
    assert "Done" in printed(notebook)
    assert any("image/svg+xml" in output.data for output in outputs(notebook, "display_data"))
