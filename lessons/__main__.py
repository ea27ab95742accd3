"""`python lessons`: which lessons there are, what is done, what comes next; report, new, check."""

import sys
from pathlib import Path

from course.authoring import check, page, skeleton
from course.learner import Progress, catalog, find, restored_by, state

from tinygrad_rnn.errors import DataError, TinygradRnnError
from tinygrad_rnn.shared import Parser, Terminal, cut, discard_output, near, note, typed, write

HOME = Path(__file__).resolve().parent


def list_all(out, args):
    """Every lesson with its state and minutes, and the next command."""
    entries, progress = catalog(HOME), Progress(HOME, out.say)
    if not any(e.exercises for e in entries):
        raise DataError(f"no lesson has its solutions in {near(HOME / 'solutions')}", hint=f"{restored_by(HOME)} gives them back")
    states = {e.number: state(e, progress.of(e.number)) for e in entries}
    tick, room = "✓" if out.unicode else "x", out.width - 32
    for e in entries:
        mark = tick if states[e.number] == "done" else " "
        word = "" if states[e.number] == "done" else states[e.number]
        out.write(f"{mark} {e.number:3} {cut(e.title, room, '...'):{room}} {e.minutes:3} min  {word}".rstrip())
    left = next((e for e in entries if e.exercises and states[e.number] != "done"), None)
    out.write()
    if entries[0].number == "00" and not any(states[e.number] for e in entries if e.exercises):
        out.say("Begin with the tour, which is there to be watched:")
        out.write(f"  {entries[0].command}")
    out.say("Next:" if left else "All lessons are done. The page of it:")
    out.write(f"  {left.command if left else typed(near(HOME), 'report')}")
    return 0


def write_report(out, args):
    """One page of the progress, in lessons/out."""
    target = HOME / "out" / "report.html"
    try:
        target.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot write {target}: {error.strerror}", hint="free that folder") from None
    write(target, page(catalog(HOME), Progress(HOME, out.say), HOME).encode())
    out.write(f"wrote {near(target)}")
    return 0


def new(out, args):
    """A lesson and its solutions, to be rewritten."""
    for path in skeleton(HOME, args.number, args.title):
        out.write(f"wrote {near(path)}")
    out.write(f"now: {typed(near(HOME), 'check', args.number)}")
    return 0


def check_one(out, args):
    """What must hold for a lesson as it is shipped, one claim a line."""
    found = find(HOME, args.number)
    if found is None or not found.exercises:
        raise DataError(f"there is no lesson {args.number} with exercises", hint=f"{typed(near(HOME))} lists them all")
    return check(found.path, out)


class Course(Parser):
    """Tells of a number that stands alone how its lesson is begun, and of a command that lacks one how it is called."""

    given = ()

    def error(self, message):
        given = next(iter(self.given), "")
        lacks = message.partition("are required: ")[2]
        if lacks:
            error = f"{self.prog} without a {lacks.replace(', ', ' and a ')}"
            hint = f"{self.prog} 17 'Its title'" if "title" in lacks else f"{self.prog} 01"
        elif "invalid choice" in message:
            lesson = find(HOME, given) if given[:1].isdigit() else None
            error = f"{given} is a lesson, not a command" if lesson else f"there is no command {given!r}"
            hint = (
                f"{lesson.command} begins it" if lesson else f"there are {', '.join(COMMANDS)}: {self.prog} --help tells of each"
            )
        else:
            return super().error(message)
        note(f"error: {error}\n\nhint: {hint}")
        raise SystemExit(2)


COMMANDS = {"list": list_all, "report": write_report, "new": new, "check": check_one}


def main(arguments=None):
    """Run a command. Returns 0, 1 (a claim does not hold), 2 (misuse), 130 (Ctrl-C)."""
    parser = Course(prog=typed(near(HOME)), description="The course: what there is, what is done, what comes next.")
    parser.set_defaults(job=list_all)
    parser.given = sys.argv[1:] if arguments is None else arguments
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, job in COMMANDS.items():
        command = commands.add_parser(name, help=(job.__doc__ or name).split("\n")[0])
        command.set_defaults(job=job)
        if name in ("new", "check"):
            command.add_argument("number", help="of the lesson: 04, 07b")
        if name == "new":
            command.add_argument("title")
    out, args = Terminal(), parser.parse_args(arguments)
    try:
        return args.job(out, args)
    except TinygradRnnError as error:
        print(f"error: {error.message}\n\nhint: {error.hint}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        out.write()
        out.say(f"Stopped. {typed(near(HOME))} says where you are.")
        return 130


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:  # the reader went away, as `head` does
        discard_output()
