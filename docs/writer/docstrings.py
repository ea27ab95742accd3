"""From the docstrings of this project, which are plain text, to reStructuredText.

Blocks of a docstring are told apart by how they look: an example (`>>>`), something indented (equations, tables), settings in columns,
settings one below the other, points, and paragraphs. A word in single backticks is code; where it is a public name, it is a link.
"""

import re

SETTING = re.compile(r"`\w+`(?:, `\w+`)* (?:is|are|says|hides|folds|puts|holds|and) ")
COLUMNS = re.compile(r"(\S+(?: \S+)?)\s{2,}(\S.*)")
POINT = re.compile(r"[-*] |\d+\. ")


def rest(text, link=lambda word: ""):
    """The lines of a docstring as reStructuredText; `link(word)` is the full name of what a word in backticks means, or ""."""
    lines = []
    for block in blocks(text.expandtabs().splitlines()):
        lines += [*written(block, link), ""]
    return lines


def blocks(lines):
    """Runs of lines that belong together; one ends at an empty line, and where an example or something indented begins or ends."""
    found, kind = [], None
    for line in lines:
        new = kind_of(line, kind)
        if new and (new != kind or not found):
            found.append([])
        if new:
            found[-1].append(line.rstrip())
        kind = new
    return found


def kind_of(line, before):
    """What a line is: "" (empty), "example", "indented" or "text"; `before` is the kind of the one above it."""
    if not line.strip():
        return ""
    if line.startswith(">>> ") or before == "example":
        return "example"
    return "indented" if line.startswith("  ") and before != "text" else "text"


def written(block, link):
    """A block as lines of reStructuredText."""
    if block[0].startswith(">>> "):
        return block
    if block[0].startswith("  "):
        return ["::", "", *(f"    {line}" for line in block)]
    if COLUMNS.fullmatch(block[0]):
        return columns(block, link)
    if POINT.match(block[0]):
        return [inline(line, link, keep=bool(POINT.match(line))) for line in block]
    starts = [k for k, line in enumerate(block) if SETTING.match(line) and (k == 0 or block[k - 1].endswith("."))]
    if len(starts) > 1:
        return settings(block, starts, link)
    return inline("\n".join(block), link).split("\n")


def columns(block, link):
    """Names in a column and words beside them: a list of definitions."""
    lines, place = [], COLUMNS.fullmatch(block[0]).start(2)
    for line in block:
        if line[0] != " ":
            lines.append(f"``{line[:place].strip()}``")
        lines.append(f"    {inline(line[place:].strip(), link)}")
    return lines


def settings(block, starts, link):
    """Sentences that each begin with a name: a list, with the lines before it as a paragraph."""
    lines = inline("\n".join(block[: starts[0]]), link).split("\n") if starts[0] else []
    for start, end in zip(starts, [*starts[1:], len(block)], strict=True):
        first, *more = inline("\n".join(block[start:end]), link).split("\n")
        lines += ["", f"- {first}", *(f"  {line}" for line in more)]
    return lines


def inline(text, link, keep=False):
    """Text whose single backticks are code and whose other signs stand for themselves; `keep` leaves the first sign, a bullet."""
    bullet, text = (text[:2], text[2:]) if keep else ("", text)
    parts = re.split(r"`([^`]+)`", text)
    for k, part in enumerate(parts):
        if k % 2:
            words = " ".join(part.split())
            target = link(words)
            parts[k] = f":py:obj:`{words} <{target}>`" if target else f"``{words}``"
        else:
            parts[k] = re.sub(r"([*|\\]|_(?!\w)|`|::)", r"\\\1", part)
    for k in range(1, len(parts), 2):  # markup ends where a word ends, or at an escaped nothing
        if parts[k + 1][:1].isalnum():
            parts[k + 1] = "\\ " + parts[k + 1]
        if parts[k - 1][-1:].isalnum():
            parts[k - 1] += "\\ "
    return bullet + "".join(parts)
