"""`python lessons report`: one HTML page of what a learner has done, with nothing outside it, to keep or to hand in."""

import re
from base64 import b64encode
from html import escape

from ..learner import state

STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1f2328;--soft:#57606a;--line:#d8dee4;--panel:#f6f8fa;--good:#1a7f37}
@media(prefers-color-scheme:dark){:root{--paper:#14171a;--ink:#e6e8ea;--soft:#a3adb7;--line:#363d45;--panel:#1d2226;--good:#5fbf77}}
body{font:16px/1.5 system-ui,sans-serif;max-width:56em;margin:2.5em auto;padding:0 1em;color:var(--ink);background:var(--paper)}
h1{margin:0;font-size:1.7em}h2{margin:0;font-size:1.2em}p{margin:.4em 0}a{color:inherit}
.soft,dt,th,summary{color:var(--soft)}.good{color:var(--good)}.wide{overflow-x:auto}
table{border-collapse:collapse;margin:1.5em 0;font-size:.95em}td:nth-child(-n+3),th:nth-child(-n+3){text-align:left}
td,th{padding:.25em .8em;text-align:right;white-space:nowrap;font-weight:normal;border-bottom:1px solid var(--line)}
section{border:1px solid var(--line);border-radius:8px;padding:1em 1.2em;margin:1.2em 0;break-inside:avoid}
dl{display:grid;grid-template-columns:auto 1fr;gap:.1em 1em;margin:.8em 0}dd{margin:0}
img{max-width:100%;height:auto;display:block;margin:1em auto 0;border-radius:6px}
pre{background:var(--panel);padding:.8em;font-size:.85em;overflow-x:auto}
"""


def page(entries, progress, home):
    """The page as text."""
    rows, sections, sums = [], [], [0] * 4
    for entry in entries:
        if not entry.exercises and not entry.broken:  # the tour
            continue
        kept = progress.of(entry.number)
        solved, hints = sum(e.name in kept["solved"] for e in entry.exercises), sum(kept["hints"].values())
        word, title = state(entry, kept), escape(entry.title)
        sums = [a + b for a, b in zip(sums, (word == "done", solved, hints, kept.get("quiz", 0)))]
        mark = '<span class="good">✓ done</span>' if word == "done" else escape(word)
        link = f'<a href="#l{escape(entry.number)}">{title}</a>' if word else title
        cells = (_number(kept.get("prediction")), _number(kept.get("number")), f"{solved} of {len(entry.exercises)}", hints,
                 f"{kept['quiz']} of 3" if "quiz" in kept else "-")  # fmt: skip
        rows.append(f"<tr><td>{escape(entry.number)}</td><td>{link}</td><td>{mark}</td>"
                    + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")  # fmt: skip
        if word:
            sections.append(_section(entry, kept, home / "out"))
    names = ("", "lesson", "", "guess", "measured", "exercises", "hints", "quiz")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    exercises = sum(len(entry.exercises) for entry in entries)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Progress in the course</title><style>{STYLE}</style></head>\n<body><main><h1>Progress in the course</h1>\n"
        f'<p class="soft">Recurrent networks, built and measured: {sums[0]} of {len(rows)} lessons done, {sums[1]} of {exercises} '
        f"exercises solved with {sums[2]} hints, {sums[3]} questions answered right.</p>\n"
        f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>\n{chr(10).join(rows)}\n</tbody></table></div>\n'
        + "\n".join(sections) + "\n</main></body></html>\n"
    )  # fmt: skip


def _section(entry, kept, pictures):
    """A lesson: its question, its numbers, the functions that the learner wrote, the pictures that they drew."""
    facts = (
        ("guess", "prediction", ""),
        (kept.get("baseline_is", ""), "baseline", ""),
        ("measured", "number", kept.get("what", "")),
    )
    told = "".join(
        f'<dt>{escape(name)}</dt><dd>{_number(kept[key])} <span class="soft">{escape(more)}</span></dd>'
        for name, key, more in facts if key in kept
    )  # fmt: skip
    code = "\n\n".join(e.source for e in entry.exercises if e.name in kept["solved"])
    return (
        f'<section id="l{escape(entry.number)}"><h2>{escape(entry.number)} {escape(entry.title)}</h2>'
        f'<p class="soft">{escape(entry.question)}</p><dl>{told}</dl>'
        + (f"<details><summary>the code</summary><pre>{escape(code)}</pre></details>" if code else "")
        + "".join(_image(pictures / name) for name in kept["pictures"]) + "</section>"
    )  # fmt: skip


def _number(value):
    return "-" if value is None else f"{value:.4g}"


def _image(path):
    """A picture inside the page; as an image it can run no script."""
    try:
        data = path.read_bytes()
    except OSError:
        return f"<p>(the picture {escape(path.name)} is gone)</p>"
    title = re.search(rb"<title>([^<]*)</title>", data)
    words = title[1].decode("utf-8", "replace").replace('"', "&quot;") if title else escape(path.stem)
    return f'<img alt="{words}" src="data:image/svg+xml;base64,{b64encode(data).decode()}">'
