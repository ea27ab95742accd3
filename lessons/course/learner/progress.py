"""What a learner has done so far: one JSON file that git ignores. The work itself is in the lessons; losing this loses ticks."""

import json
import math
import os

from tinygrad_rnn.errors import DataError
from tinygrad_rnn.shared import write

SAFE = "Your work is safe: it is in the lessons."
KEPT = {  # of each lesson: what it is called, of which kind it is
    **dict.fromkeys(("prediction", "number", "baseline"), (int, float)), **dict.fromkeys(("what", "baseline_is"), str),
    **dict.fromkeys(("solved", "hints"), dict), **dict.fromkeys(("skipped", "done"), bool), "quiz": int, "pictures": list,
}  # fmt: skip


class Progress:
    """Read at the start, written whole after each change. `tell(sentence)` is called, once, where that does not work."""

    NAME = ".progress.json"

    def __init__(self, home, tell):
        self.path, self.tell, self.told = home / self.NAME, tell, False
        self.lessons = self._read()

    def _read(self):
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return {number: checked(kept) for number, kept in found["lessons"].items()}
        except FileNotFoundError:
            return {}
        except OSError as error:
            self._once(f"The progress file {self.path.name} cannot be read ({error.strerror}).")
            return {}
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            aside = self.path.with_name(self.NAME + ".damaged")
            try:
                os.replace(self.path, aside)
                self.tell(f"The progress file was damaged and is set aside as {aside.name}. {SAFE}")
            except OSError:
                self._once("The progress file is damaged and cannot be moved.")
            return {}

    def of(self, number):
        """What is kept of one lesson: a dict to read and to change, before `save()`."""
        return self.lessons.setdefault(number, checked({}))

    def save(self):
        """Write beside the file, then move over it."""
        text = json.dumps({"version": 1, "lessons": self.lessons}, indent=1, sort_keys=True)
        try:
            write(self.path, text.encode())
        except DataError as error:
            self._once(f"(progress is not kept: {error.message}. {SAFE})")

    def _once(self, sentence):
        if not self.told:
            self.tell(sentence)
        self.told = True


def state(entry, kept):
    """How far a lesson is, in a word or two."""
    if entry.broken:
        return "does not parse, " + entry.broken
    if entry.number == "00":
        return "to read"
    if any(e.name in kept["solved"] and kept["solved"][e.name] != e.digest for e in entry.exercises):
        return "changed since"
    if kept.get("done") and all(e.name in kept["solved"] for e in entry.exercises):
        return "done"
    return "begun" if kept["solved"] or "prediction" in kept else ""


def checked(kept):
    """Only what has a known name and the right kind."""
    sound = {key: value for key, value in kept.items() if isinstance(value, KEPT.get(key, ())) and _finite(value)}
    sound["solved"] = {str(k): v for k, v in sound.get("solved", {}).items() if isinstance(v, str)}
    sound["hints"] = {str(k): v for k, v in sound.get("hints", {}).items() if isinstance(v, int)}
    sound["pictures"] = [name for name in sound.get("pictures", []) if isinstance(name, str) and not {*name} & {*"/\\"}]
    return sound


def _finite(value):
    try:
        return not isinstance(value, (int, float)) or math.isfinite(value)
    except OverflowError:
        return False
