"""The course as pages: every lesson as a notebook that was run with its solutions, and as a download.

Running is slow, so a run is kept in `docs/_build/course`, under a digest of what it depends on. A lesson whose budget is larger than
`QUICK` seconds runs with `--fast`, which its page says, unless the whole course is asked for (`-D whole_course=1`).
"""

import hashlib
import importlib
import inspect
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

from docs.writer.included import with_links
from docs.writer.names import ROOT
from docs.writer.reference import keep

LESSONS = ROOT / "lessons"
sys.path.insert(0, str(LESSONS))

catalog, solutions_of = (
    getattr(importlib.import_module("course.learner.lesson_files"), name) for name in ("catalog", "solutions_of")
)
logging.getLogger("traitlets").setLevel(logging.WARNING)  # it tells every notebook that it begins
QUICK = 8  # CPU seconds that the solutions of a lesson promise to stay below
AT_ONCE = min(os.cpu_count() or 1, 4)
NOT_COPIED = shutil.ignore_patterns("out", ".progress*", "__pycache__", "*.ipynb")


def write(folder, kept, whole):
    """Write the pages and downloads into a folder; runs are looked up in `kept`, and left there."""
    folder.mkdir(parents=True, exist_ok=True)
    kept.mkdir(parents=True, exist_ok=True)
    tour, *lessons = catalog(LESSONS)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        pages = [pool.submit(lesson_page, entry, kept, whole) for entry in lessons]
        keep(folder / "00_tour.md", tour_page(tour, folder, whole))
        for entry, page in zip(lessons, pages, strict=True):
            keep(folder / f"{entry.path.stem}.ipynb", page.result())
    keep(folder / "index.md", index(lessons))
    pack(folder / "course.zip")


def is_fast(entry, whole):
    """Whether the page of a lesson shows a run with smaller numbers."""
    return not whole and solutions_of(entry).SECONDS > QUICK


def lesson_page(entry, kept, whole):
    """The notebook of a lesson, run with its solutions, as JSON."""
    fast = is_fast(entry, whole)
    way = f"{entry.path.stem}.{'fast' if fast else 'full'}"
    path = kept / f"{way}.{digest(entry)}.ipynb"
    if not path.is_file():
        for old in kept.glob(f"{way}.*"):
            old.unlink()
        keep(path, nbformat.writes(run(entry, fast)))
    return path.read_text(encoding="utf-8")


def digest(entry):
    """What a run of a lesson depends on, in short: its text, its solutions, the harness, the package, and this file."""
    used = [entry.path, LESSONS / "solutions" / entry.path.name, Path(__file__)]
    used += [path for folder in (LESSONS / "course", ROOT / "tinygrad_rnn") for path in sorted(folder.rglob("*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in used)).hexdigest()[:16]


def run(entry, fast):
    """Run a copy of a lesson as a notebook; the flags of the run are not shown."""
    flags = ', "--demo", "--no-quiz"' + ', "--fast"' * fast
    source = entry.path.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        home = shutil.copytree(LESSONS, Path(folder) / "lessons", ignore=NOT_COPIED)
        notebook = jupytext.reads(re.sub(r'Lesson\(("\w+")\)', rf"Lesson(\1{flags})", source), fmt="py:percent")
        settings = {
            "resources": {"metadata": {"path": str(home)}},
            "coalesce_streams": True,
            "timeout": 600,
            "kernel_name": "python3",
        }
        kernel = {"env": {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}, "stderr": subprocess.DEVNULL}
        NotebookClient(notebook, **settings).execute(**kernel)  # what goes wrong in a cell is raised here
    cells = []
    for cell in notebook.cells:
        cell.source = cell.source.replace(flags, "")
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                output.text = (
                    output.text.replace(sys.executable, "python").partition("That was the demonstration")[0].rstrip() + "\n"
                )
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if o.output_type != "stream" or (o.name == "stdout" and o.text.strip())]
        cells += [cell, *(note(entry, name) for name in re.findall(r"@lesson\.exercise\ndef (\w+)", cell.source))]
    cells.insert(1, nbformat.v4.new_markdown_cell(about(entry, fast)))
    notebook.cells = cells
    for k, cell in enumerate(cells):
        cell.id = f"cell-{k}"
    return notebook


def note(entry, name):
    """What stands below an exercise: one way to write it, folded."""
    solution = inspect.getsource(getattr(solutions_of(entry), name))
    return nbformat.v4.new_markdown_cell(
        f"<details><summary>One way to write it</summary>\n\n```python\n{solution}```\n\n</details>"
    )


def about(entry, fast):
    """What stands below the title of a lesson."""
    smaller = " and with smaller numbers (`--fast`)" * fast
    return (
        f"What is printed below comes from a run with the solutions (`--demo`){smaller}, made when this site was built. To do it yourself: "
        f"`python lessons/{entry.path.name}` in a clone. Downloads: {{download}}`the script <../../lessons/{entry.path.name}>`, "
        f"{{download}}`this notebook <{entry.path.stem}.ipynb>`, {{download}}`the whole course <course.zip>`."
    )


def tour_page(entry, folder, whole):
    """The tour: what it prints, and the pictures that it draws."""
    with tempfile.TemporaryDirectory() as place:
        home = shutil.copytree(LESSONS, Path(place) / "lessons", ignore=NOT_COPIED)
        done = subprocess.run(  # noqa: S603  (the tour, as a reader starts it)
            [sys.executable, str(home / entry.path.name), "--no-color", *([] if whole else ["--fast"])],
            cwd=place, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "COLUMNS": "80"},
            stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=True,
        )  # fmt: skip
        for picture in sorted((home / "out").glob("*.svg")):
            keep(folder / picture.name, picture.read_text(encoding="utf-8"))
    lines, smaller = (
        ["# The tour", ""],
        "" if whole else " Here it ran with `--fast`: smaller numbers, and too short to learn much.",
    )
    lines += [f"`python lessons/{entry.path.name}` runs for about a minute; there is nothing to fill in.{smaller}", ""]
    lines += ["{download}`The script <../../lessons/00_tour.py>`, {download}`the whole course <course.zip>`.", ""]
    for part in re.split(r"^(  picture: .*)\n", done.stdout.replace(sys.executable, "python"), flags=re.MULTILINE):
        name = re.fullmatch(r"  picture: \S*?([\w.]+\.svg)", part)
        if name:
            lines += [f"![A picture of the tour]({name[1]})", ""]
        elif part.strip():
            lines += ["```text", part.strip("\n"), "```", ""]
    return "\n".join(lines)


def index(lessons):
    """The list of the lessons, and what learners and teachers need to know: the README of the course."""
    title, words, rest = (LESSONS / "README.md").read_text(encoding="utf-8").split("\n\n", 2)
    lines = [title, "", "```{toctree}", ":hidden:", "", "00_tour", *(entry.path.stem for entry in lessons), "```", "", words, ""]
    lines += ["Here every lesson is shown as it looks when it is done. To do it yourself, take a clone, or the"]
    lines += [
        "{download}`whole course <course.zip>` beside an installed package.",
        "",
        "| | the question | minutes |",
        "|---|---|---:|",
    ]
    lines += ["| [The tour](00_tour.md) | all of it, to be watched | 1 |"]
    lines += [f"| [{e.number} {e.title}]({e.path.stem}.ipynb) | {e.question} | {e.minutes} |" for e in lessons]
    return "\n".join([*lines, "", with_links(rest, "lessons", "course/index")])


def pack(path):
    """The lessons with their harness, as an archive that is the same for the same files."""
    files = [
        p
        for p in sorted(LESSONS.rglob("*"))
        if p.suffix in (".py", ".md") and "out" not in p.parts and "__pycache__" not in p.parts
    ]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(f"lessons/{file.relative_to(LESSONS).as_posix()}", (2020, 1, 1, 0, 0, 0))
            archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
