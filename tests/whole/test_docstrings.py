"""Examples of the help: every one runs by copy and paste. Running them is the work of conftest.py and --doctest-modules."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).resolve().parents[2] / "conftest.py"


def test_an_example_cannot_use_the_names_of_its_module(tmp_path):
    shutil.copy(CONFTEST, tmp_path / "conftest.py")
    for name, first in (("bare", ""), ("whole", ">>> from whole import double\n")):
        (tmp_path / f"{name}.py").write_text(
            f'def double(x):\n    """\n{first}>>> double(2)\n4\n"""\n    return 2 * x\n', encoding="utf-8"
        )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--doctest-modules", "."]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True)
    assert "FAILED bare.py::bare.double" in done.stdout
    assert "NameError: name 'double' is not defined" in done.stdout
    assert "1 failed, 1 passed" in done.stdout
