"""What a reader sees in JupyterLab, driven as a reader drives it: in a real browser, with a kernel of its own."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome on this machine"),
    pytest.mark.skipif(
        not all(map(find_spec, ("jupyterlab", "ipykernel", "ipywidgets", "tqdm"))),
        reason="jupyterlab, ipywidgets and tqdm are not all installed",
    ),
]
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
CELLS = {
    "run": (
        "import numpy as np, tinygrad_rnn as tg\n"
        "rng = np.random.default_rng(0)\n"
        "cell = tg.nn.LSTMCell(3, 8, rng=rng)\n"
        "x = rng.standard_normal((2, 5, 3))\n"
        "hs, (h, c) = tg.nn.unroll(cell, x)\n"
        "loss = (h ** 2).sum()"
    ),
    "picture": "tg.draw(loss)",
    "page": "tg.draw(loss).page(height=720)",
    "summary": "tg.summary(tg.nn.LSTM(3, 8, rng=rng), x)",
    "bar": (
        "import time\n"
        "linear = tg.nn.Linear(2, 1, rng=rng)\n"
        "def loss_of(model, batch):\n"
        "    time.sleep(0.05)\n"
        "    return (model(batch) ** 2).mean()\n"
        "optimizer = tg.optim.SGD(linear.parameters(), lr=0.01)\n"
        "history = tg.train.fit(linear, loss_of, [np.ones((4, 2))] * 20, optimizer, epochs=3)\n"
        "history"
    ),
    "error": "tg.Tensor([1.0, 2.0]) @ tg.Tensor(np.ones((3, 3)))",
    "completion": "tg.nn.",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab whose folder holds one notebook, `shown.ipynb`."""
    folder = tmp_path_factory.mktemp("lab é")
    cells = [
        {"cell_type": "code", "id": name, "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for name, source in CELLS.items()
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (folder / "shown.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    home = tmp_path_factory.mktemp("jupyter")
    settings = {f"JUPYTER_{name}_DIR": str(home / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    options = [f"--ServerApp.port={port}", "--ServerApp.ip=127.0.0.1", "--ServerApp.token=", "--ServerApp.password="]
    quiet = ["--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with open(home / "server.log", "w", encoding="utf-8") as log:
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", *options, *quiet]
        server = subprocess.Popen(command, cwd=folder, env={**os.environ, **settings}, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/api")
                break
            except OSError:
                time.sleep(0.25)
        yield address
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="module")
def notebook(lab):
    """The notebook, after all its cells but the last one have run."""
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        page = browser.new_page(viewport={"width": 1440, "height": 2600})
        page.set_default_timeout(60_000)
        page.goto(f"{lab}/lab/tree/shown.ipynb")
        page.wait_for_selector("text=/Python 3.*Idle/")
        page.click(".jp-Cell >> nth=0 >> .cm-content")
        for _ in range(len(CELLS) - 1):
            page.keyboard.press("Shift+Enter")
        page.wait_for_selector(
            ".jp-OutputArea-output .jupyter-widgets [role=progressbar], .jupyter-widgets .progress-bar, .widget-hprogress"
        )
        page.wait_for_selector("text=hint:")
        yield page
        browser.close()


def output(notebook, name):
    return notebook.locator(f".jp-Cell >> nth={list(CELLS).index(name)}").locator(".jp-OutputArea-output")


def test_a_drawing_as_the_last_line_is_the_picture(notebook):
    image = output(notebook, "picture").locator("img, svg").first
    assert image.bounding_box()["width"] > 600
    assert image.evaluate("image => image.complete === undefined || image.naturalWidth > 0")


def test_the_page_plays_in_a_frame_of_the_notebook(notebook):
    frame = output(notebook, "page").locator("iframe")
    assert frame.bounding_box()["height"] == 720
    inside = frame.content_frame
    inside.locator("body[data-ready]").wait_for(state="attached")
    before = inside.locator("#count").inner_text()
    inside.locator("#back").click()
    inside.locator("#count").filter(has_not_text=before).wait_for(state="attached")


def test_a_summary_is_a_table(notebook):
    table = output(notebook, "summary").locator("table")
    assert "LSTM" in table.inner_text()
    assert table.locator("tr").count() >= 2


def test_a_training_had_a_live_bar_and_its_history_is_a_table(notebook):
    """That the bar was there while it trained, the fixture has waited for."""
    assert output(notebook, "bar").locator("table").count() == 1


def test_an_error_ends_with_its_hint(notebook):
    text = output(notebook, "error").inner_text()
    assert "ShapeError: matmul of shapes (2,) and (3, 3)" in text
    assert "hint: a @ b needs as many columns in a as rows in b" in text


def test_completion_shows_public_names_alone(notebook):
    notebook.click(f".jp-Cell >> nth={list(CELLS).index('completion')} >> .cm-content")
    notebook.keyboard.press("End")
    notebook.keyboard.press("Tab")
    notebook.wait_for_selector(".jp-Completer-item")
    import tinygrad_rnn as tg

    shown = set(notebook.locator(".jp-Completer-item .jp-Completer-match").all_inner_texts())
    assert shown == set(tg.nn.__all__)
