"""What a learner is asked: a guess before anything runs, and three questions at the end. Nobody has to answer."""

import math
import re
import sys
from dataclasses import dataclass
from typing import Any

from tinygrad_rnn.shared import at_a_terminal

NUMBER = re.compile(r"([-+]?)(\d[\d,]*\.?\d*|\.\d+)(e[-+]?\d+)?\s*(%?)", re.IGNORECASE)


def somebody():
    """Whether somebody sits at a terminal and can be asked."""
    return at_a_terminal(sys.stdin, sys.stdout)


def ask_number(out):
    """Ask for a number until one comes; None if the learner would rather not."""
    while line := _typed(out, "  your guess, a number (Enter skips): "):
        number = number_in(line)
        if number is not None:
            return number
        out.say("That is not one number; 20 or 1e-3 would be.", "  ")
    return None


def number_in(line):
    """The one number that a line names, or None: 20, "about 1e-3", 1,000, 0,5 (a comma may be a point), 50%."""
    found = NUMBER.findall(line)
    if len(found) != 1:
        return None
    sign, digits, power, percent = found[0]
    if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+(\.\d*)?", digits):
        digits = digits.replace(",", "")
    try:
        number = float(sign + digits.replace(",", ".") + power) / (100 if percent else 1)
    except ValueError:  # 1,2,3
        return None
    return number if math.isfinite(number) else None


@dataclass(frozen=True)
class Question:
    """A question, its answer (computed, where it can be) and the wrong answers, each with its reason."""

    text: str
    answer: Any
    wrong: dict[Any, str]

    @property
    def options(self):
        """All answers as text, each with what is to say about it: numbers by size, then words."""
        every = sorted([self.answer, *self.wrong], key=lambda x: (isinstance(x, str), x if isinstance(x, str) else float(x)))
        texts, right = map(_shown, every), _shown(self.answer)
        return {text: "right" if text == right else self.wrong[x] for x, text in zip(every, texts)}

    def tell(self, out, number):
        """Where nobody can answer: the question, and every answer with what is to say about it."""
        out.say(f"{number}. {self.text}")
        for option, verdict in self.options.items():
            out.say(f"{option}: {verdict}", "     ")

    def ask(self, out, number):
        """Ask once. Returns whether it was right; None if nobody answered."""
        out.say(f"{number}. {self.text}")
        options = [*self.options]
        for k, option in enumerate(options, start=1):
            out.write(f"     {k}) {option}")
        for _ in range(3):
            line = _typed(out, f"   your answer (1-{len(options)}): ")
            if not line:
                return None
            chosen = line.rstrip(")")
            if chosen.isdecimal() and 1 <= int(chosen) <= len(options):
                option, right = options[int(chosen) - 1], _shown(self.answer)
                out.say("right" if option == right else f"{option}: {self.options[option]} Right is: {right}", "     ")
                return option == right
            out.say(f"a number from 1 to {len(options)}, please; Enter skips", "     ")
        return None


def _shown(answer):
    return answer if isinstance(answer, str) else f"{answer:.4g}"


def _typed(out, prompt):
    """What somebody types, without spaces around it; nothing at the end of the file."""
    try:
        return input(prompt).strip()
    except EOFError:
        out.write()
        return ""
