"""`python lessons watch`: run a lesson again whenever its file is saved. It never moves on to the next one."""

import subprocess
import sys
import time

from .catalog import paths


def watch(home, first, out, pause=0.3):
    """Run `first` (an Entry) now, and from then on every lesson whose file changes, until Ctrl-C."""
    seen = _times(home)
    _run(first.path, out)
    while True:
        time.sleep(pause)
        now = _times(home)
        for path in [path for path in now if now[path] != seen.get(path)]:
            _run(path, out)
        seen = now


def _run(path, out):
    out.heading(time.strftime("%H:%M:%S") + "  " + path.name)
    subprocess.run([sys.executable, str(path)], check=False)  # noqa: S603  (a lesson in this folder)
    out.write(out.paint("watching; save a lesson to run it again, Ctrl-C ends", "dim"))


def _times(home):
    """When each lesson was last changed; a file that is just being replaced is looked at next time."""
    times = {}
    for path in paths(home):
        try:
            times[path] = path.stat().st_mtime_ns
        except OSError:
            continue
    return times
