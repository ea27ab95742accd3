"""How an exercise that is not done is told: where, what is expected and what came, and how to get a hint."""

from tinygrad_rnn.shared.invocation import near

LINES = 10  # of what the function printed


def explain(out, entry, exercise, failure, hint, used):
    """Write a `Failure` to a Terminal; `hint` says how to get one, `used` how many were taken."""
    head = f"lesson {entry.number} - exercise {entry.position(exercise.name)} - {exercise.name}"
    place = f"{near(entry.path)}:{exercise.line}"
    out.write()
    _beside(out, out.paint(head, "bold"), place, out.width - len(head) - len(place))
    if failure.stub:
        out.say(f"your turn: write the body of {exercise.name} in place of `raise YourTurn`, save, run again. "
                "(That it stops here is the exercise, not a fault of the installation.)")  # fmt: skip
    else:
        out.say(f"{out.paint('not yet:', 'yellow')} {failure.sentence}")
        for line in failure.details:
            out.write(f"    {line}") if len(line) <= out.width - 4 else out.say(line, "    ")
        if failure.diagnosis:
            out.say(failure.diagnosis, "    ")
        if failure.printed.strip():
            out.say("it printed:", "    ")
            for line in failure.printed.splitlines()[:LINES]:
                out.write("    | " + "".join(c for c in line if c.isprintable())[: out.width - 6])
    out.write()
    _beside(out, hint, used, min(6, out.width - len(hint) - len(used)))


def _beside(out, left, right, room):
    """Two things in a line, or below each other."""
    out.write(left + (" " * room + right if room > 1 else f"\n  {right}"))
