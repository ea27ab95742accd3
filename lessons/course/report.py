"""`python lessons report`: one HTML page of what a learner has done, with nothing outside it, to keep or to hand in."""

from base64 import b64encode
from html import escape

STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222;background:#fff}"
    "table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left;border-bottom:1px solid #ddd}"
    "img{max-width:100%;border:1px solid #ddd;margin:.5em 0}h2{margin-top:2em}"
)


def page(entries, progress, home):
    """The page as text."""
    rows, parts = [], []
    for entry in entries:
        kept = progress.of(entry.number)
        solved = sum(e.name in kept["solved"] for e in entry.exercises)
        cells = (entry.number, entry.title, state(entry, kept), f"{solved} of {len(entry.exercises)}", _number(kept.get("prediction")),
                 _number(kept.get("number")), f"{kept['quiz']} of 3" if "quiz" in kept else "-")  # fmt: skip
        rows.append("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>")
        if kept["solved"] or kept["pictures"]:
            hints = ", ".join(f"{name}: {count} hints" for name, count in kept["hints"].items()) or "no hints"
            parts.append(
                f"<h2>{escape(entry.number)} {escape(entry.title)}</h2><p>{escape(entry.question)} ({escape(hints)})</p>"
            )
            parts += [_image(home / "out" / name) for name in kept["pictures"]]
    head = "".join(f"<th>{name}</th>" for name in ("", "lesson", "", "exercises", "guess", "measured", "quiz"))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Progress in the course</title><style>{STYLE}</style></head>\n'
        f"<body><h1>Progress in the course</h1>\n<table><thead><tr>{head}</tr></thead><tbody>\n{chr(10).join(rows)}\n</tbody></table>\n"
        + "\n".join(parts) + "\n</body></html>\n"
    )  # fmt: skip


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


def _number(value):
    return "-" if value is None else f"{value:.6g}"


def _image(path):
    """A picture inside the page; as an image it can run no script."""
    try:
        data = b64encode(path.read_bytes()).decode()
    except OSError:
        return f"<p>(the picture {escape(path.name)} is gone)</p>"
    return f'<img alt="{escape(path.stem)}" src="data:image/svg+xml;base64,{data}">'
