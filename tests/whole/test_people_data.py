"""The README's training on what people bring: each file trains, or ends in one clear line with a hint; in an empty folder."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SCRIPT = next(part.split("```")[0] for part in README.split("```python\n") if "reviews.csv" in part.split("```")[0])
REVIEWS = [("good film", "pos"), ("bad film", "neg"), ("good, and fine", "pos"), ("bad and slow", "neg")] * 10
HINDI = [("यह फ़िल्म अच्छी है", "अच्छा"), ("यह फ़िल्म बुरी है", "बुरा")] * 20
EMOJI = [
    ("👍", "pos"),
    ("👎👎 bad", "neg"),
    ("★★★★★", "pos"),
    ("slow 😴", "neg"),
] * 100  # a text without a word is one unknown word
DAYS = ["date,value", "2024-01-01,1.5", "2024-01-02,", "2024-01-05,2.25", "2024-01-06,NaN", "2024-01-09,3"]


def table(rows, header="label,text"):
    return "\n".join([header, *(f'{label},"{text}"' for text, label in rows)]) + "\n"


def train(folder, content, script=SCRIPT):
    (folder / "reviews.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "script.py").write_text(script, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "script.py"], cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False
    )


@pytest.mark.parametrize(
    "content",
    [
        table(EMOJI),
        table(HINDI),
        table([(text, {"pos": 4, "neg": 0}[label]) for text, label in REVIEWS]),
        table([(text, {"pos": 1, "neg": -1}[label]) for text, label in REVIEWS]),
        b"\xef\xbb\xbf"
        + table([(text.replace("film", "film’s"), label) for text, label in REVIEWS]).replace("\n", "\r\n").encode(),
    ],
    ids=["emoji", "Hindi", "classes 0 and 4", "classes -1 and 1", "saved by a spreadsheet"],
)
def test_what_people_bring_trains(content, tmp_path):
    done = train(tmp_path, content)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"(\d+) of \1 held-out texts are right\n", done.stdout)
    assert (tmp_path / "reviews.html").stat().st_size > 10_000


WINDOWS = table([("it’s good “café”", "pos"), ("it’s bad", "neg")] * 10)
JSON = "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in REVIEWS)


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (WINDOWS.encode("cp1252"), "0x92, which is ’ in cp1252", "iconv -f CP1252 -t UTF-8"),
        (WINDOWS.encode("utf-16"), "this is UTF-16, not UTF-8", "iconv -f UTF-16 -t UTF-8"),
        (JSON, "this is JSON lines, not a csv", "entry['label'], entry['text']"),
        (json.dumps([json.loads(line) for line in JSON.splitlines()]), "this is JSON, not a csv", "json.loads"),
        ("\n".join(DAYS), "a table of dates and numbers, where texts with a class are expected", "numpy.genfromtxt"),
        (table(REVIEWS[:1]), "0 held out", "each part needs at least one item"),
    ],
    ids=["Windows-1252", "UTF-16", "JSON lines", "JSON", "a series with gaps", "one row under a header"],
)
def test_what_cannot_be_trained_ends_in_a_line_and_a_hint(content, message, hint, tmp_path):
    done = train(tmp_path, content)
    assert done.returncode == 1
    told = done.stderr[done.stderr.rindex("DataError") :]
    assert message in told if message != "0 held out" else "0.2 held out of 1 items" in told
    assert hint in told[told.index("hint: ") :]


def test_the_hint_for_a_series_can_be_followed(tmp_path):
    script = (
        "import numpy as np\n"
        "values = np.genfromtxt('reviews.csv', delimiter=',', skip_header=1, usecols=1)\n"
        "known = np.flatnonzero(~np.isnan(values))\n"
        "print(np.interp(np.arange(len(values)), known, values[known]).tolist())\n"
    )
    done = train(tmp_path, "\n".join(DAYS), script)
    assert done.stdout == "[1.5, 1.875, 2.25, 2.625, 3.0]\n", done.stderr
