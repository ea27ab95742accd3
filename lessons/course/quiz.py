"""Three questions at the end. The engine gives the right answers; wrong ones say why they are wrong."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Question:
    """A question, its answer (computed, where it can be) and the wrong answers, each with its reason."""

    text: str
    answer: Any
    wrong: dict[Any, str]

    @property
    def options(self):
        """All answers as text, numbers by size, then words."""
        every = [self.answer, *self.wrong]
        return [
            shown(x) for x in sorted(every, key=lambda x: (isinstance(x, str), x if isinstance(x, str) else float(x), str(x)))
        ]


def shown(answer):
    """An answer as text."""
    return answer if isinstance(answer, str) else f"{answer:.4g}"


def tell(out, number, question):
    """Where nobody can answer: the question, and every answer with what is to say about it."""
    out.say(f"{number}. {question.text}")
    for option in question.options:
        out.say(f"{option}: {_verdict(question, option)}", "     ")


def ask(out, number, question, answer):
    """Ask once; `answer(prompt)` returns a line, or None if nobody is there any more. Returns whether it was right, or None."""
    out.say(f"{number}. {question.text}")
    options = question.options
    for k, option in enumerate(options, start=1):
        out.write(f"     {k}) {option}")
    for _ in range(3):
        line = answer(f"   your answer (1-{len(options)}): ")
        if line is None or not line.strip():
            return None
        chosen = line.strip().rstrip(")")
        if chosen.isdecimal() and 1 <= int(chosen) <= len(options):
            option = options[int(chosen) - 1]
            right = option == shown(question.answer)
            out.say("right" if right else f"{option}: {_verdict(question, option)} Right is: {shown(question.answer)}", "     ")
            return right
        out.say(f"a number from 1 to {len(options)}, please; Enter skips", "     ")
    return None


def _verdict(question, option):
    return (
        "right" if option == shown(question.answer) else next(why for key, why in question.wrong.items() if shown(key) == option)
    )
