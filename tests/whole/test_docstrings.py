"""Examples of the help: every one runs by copy and paste. Running them is the work of conftest.py and --doctest-modules."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[2] / "conftest.py"


@pytest.mark.parametrize(
    ("first", "says"), [("", "NameError: name 'double' is not defined"), (">>> from example import double\n", "1 passed")]
)
def test_an_example_cannot_use_the_names_of_its_module(first, says, tmp_path):
    shutil.copy(CONFTEST, tmp_path / "conftest.py")
    (tmp_path / "example.py").write_text(
        f'def double(x):\n    """\n{first}>>> double(2)\n4\n"""\n    return 2 * x\n', encoding="utf-8"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--doctest-modules", "example.py"]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True)
    assert says in done.stdout
    assert done.returncode == ("NameError" in says)
