"""Files that are written as a whole: nothing of a process that was killed stays for good."""

import os
import time

from tinygrad_rnn.shared.atomic_files import PREFIX, SECONDS, write


def test_what_a_killed_process_left_is_swept_away_and_nothing_else(tmp_path):
    old = time.time() - SECONDS - 60
    for name in (f"{PREFIX}dead", f"{PREFIX}alive", ".hidden", "mine.npz"):
        (tmp_path / name).write_bytes(b"half")
        if not name.endswith("alive"):
            os.utime(tmp_path / name, (old, old))
    (tmp_path / f"{PREFIX}folder").mkdir()
    write(tmp_path / "run.npz", b"whole")
    left = {entry.name for entry in tmp_path.iterdir()}
    assert left == {f"{PREFIX}alive", f"{PREFIX}folder", ".hidden", "mine.npz", "run.npz"}
