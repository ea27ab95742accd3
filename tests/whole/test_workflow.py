"""The workflow of the host does what `.ci/run` does, and builds the site with the words that are tried there, the whole course in it."""

import re
from pathlib import Path

import pytest

import tinygrad_rnn as tg

ROOT = Path(tg.__file__).resolve().parents[1]
WORKFLOW, CI = ROOT / ".github" / "workflows" / "ci.yml", ROOT / ".ci" / "run"
pytestmark = pytest.mark.skipif(not CI.is_file(), reason="no clone: .ci is not here")


def commands():
    return re.findall(r"^      - run: (.+)$", WORKFLOW.read_text(encoding="utf-8"), re.MULTILINE)


def test_it_runs_what_ci_runs_on_every_python():
    assert commands()[0] == ".ci/run"
    text = WORKFLOW.read_text(encoding="utf-8")
    assert "\t" not in text
    assert "fetch-depth: 0" in text.split(".ci/run")[0]  # the clone that .ci/run makes is of a whole repository
    pythons = re.findall(r'python-version: "([^"]+)"', text)[0].split(r"\n")
    classifiers = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert sorted(pythons) == sorted(classifiers)


def test_the_site_is_built_as_ci_builds_it_with_the_whole_course():
    (tried,) = re.findall(r"python\" -m (sphinx .+)\)", CI.read_text(encoding="utf-8"))
    assert f"python -m {tried}" == commands()[-1].replace(" -D whole_course=1", "")
    assert "-D whole_course=1" in commands()[-1]
    assert f"path: {tried.split()[-1]} " in WORKFLOW.read_text(encoding="utf-8")
    assert "needs: ci" in WORKFLOW.read_text(encoding="utf-8")


def test_what_it_installs_is_what_ci_installs():
    (group,) = re.findall(r"^docs = \[(.+?)\]", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    (installed,) = re.findall(r"^packages docs (.+)$", CI.read_text(encoding="utf-8"), re.MULTILINE)
    assert "--group docs" in commands()[1]
    assert {*re.findall(r"[a-z][a-z-]+", group)} <= {*re.findall(r"[a-z][a-z-]+", installed)}
