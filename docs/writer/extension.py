"""The extension of Sphinx: it writes the pages and pictures that are made, before any page is read, and turns docstrings into markup."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.errors import ExtensionError

from docs.writer import commands, course, directives, docstrings, gallery, links, pictures, reference
from docs.writer.included import included
from docs.writer.names import ROOT, public

PICTURES = "_static/pictures"


def setup(app):
    """What Sphinx calls."""
    app.add_directive("drawn", directives.Drawn)
    app.add_directive("raises", directives.Raises)
    app.add_directive("gallery", directives.Gallery)
    app.add_config_value("whole_course", False, "env", bool)
    app.connect("builder-inited", make)
    app.connect("autodoc-process-docstring", docstring)
    app.connect("autodoc-process-signature", signature)
    app.connect("autodoc-process-bases", bases)
    app.connect("autodoc-skip-member", skip)
    app.connect("missing-reference", elsewhere)
    app.connect("source-read", fill_in)
    app.connect("doctree-resolved", short_names)
    app.connect("build-finished", check_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": version()}


def version():
    """A number for what every page depends on, this folder and the package: where it changes, pages are read anew."""
    used = [path for folder in (Path(__file__).parent, ROOT / "tinygrad_rnn") for path in sorted(folder.rglob("*.py"))]
    return int(sha256(b"".join(path.read_bytes() for path in used)).hexdigest()[:12], 16)


def make(app):
    """Write what is generated. The lessons run in processes of their own, so the pictures are drawn meanwhile."""
    folder, images = Path(app.srcdir), directives.images(app)
    with ThreadPoolExecutor() as pool:
        lessons = pool.submit(course.write, folder / "course", folder / "_build" / "course", app.config.whole_course)
        reference.write(folder / "reference", partial(pictured, images))
        commands.write(folder / "reference")
        gallery.write(folder / "gallery", images)
        lessons.result()


def pictured(images, name, text, recorded, part=""):
    """The picture of a name, or of a part of it, out of the example in its text."""
    if "tg.plots." in text and not find_spec("matplotlib"):
        return ""
    draws = recorded or "tg.draw" in text or "tg.plots." in text
    make = pictures.found_in(text, recorded) if draws else None
    return pictures.write(make, name.short + part, images) if make else ""


def fill_in(app, docname, source):
    """The way from a page to the pictures, and what it includes."""
    text, files = included(source[0].replace("PICTURES/", "../" * docname.count("/") + f"{PICTURES}/"), docname)
    for file in files:
        app.env.note_dependency(file, docname=docname)
    source[0] = text


@cache
def owner(path):
    """The public name that a full name belongs to: itself, or the class of a method."""
    names = {name.path: name for name in public()}
    return names.get(path) or names.get(path.rpartition(".")[0])


def docstring(app, what, name, value, options, lines):
    """Plain text becomes markup, here and nowhere else."""
    if lines and lines[0].startswith("Alias for field number"):
        lines[:] = []
    lines[:] = docstrings.rest("\n".join(lines), reference.link_from(owner(name)))
    found = owner(name)
    if found and found.path == name:
        lines += reference.below(found)


def bases(app, name, value, options, found):
    """Of the bases, those that a user can name."""
    found[:] = reference.named_bases(value)


def signature(app, what, name, value, options, arguments, returned):
    """Types are shown as they are written in the source; a class is called as its `__init__` says."""
    if what in ("function", "method", "class") and (arguments is not None or what == "class"):
        if getattr(value, "_is_protocol", False):
            return "", None
        shown, _, result = reference.signature(value).partition(" -> ")
        return shown, None if what == "class" else result or None
    return None


def skip(app, what, name, value, skipped, options):
    """Fields of a named tuple are told by its text."""
    return True if str(getattr(value, "__doc__", "")).startswith("Alias for field number") else None


def elsewhere(app, env, node, content):
    """Types in signatures are written short: they lead to the public name. What this site has no page about stays plain text: NumPy,
    Python, and names for types inside the package.
    """
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py" or target in {n.path for n in public()}:
        return None
    full = reference.ways().get(target) or reference.ways().get(
        target.rpartition(".")[2] if target.startswith("tinygrad_rnn.") else ""
    )
    found = full and env.domains["py"].resolve_xref(env, node["refdoc"], app.builder, "obj", full, node, content)
    return found or content


def short_names(app, tree, docname):
    """Names are shown as they are written after `import tinygrad_rnn as tg`."""
    for node in tree.findall(addnodes.desc_addname):
        text = node.astext()
        if text.startswith("tinygrad_rnn."):
            node.children = [nodes.Text(reference.shortened(text))]


def check_links(app, error):
    """No page may lead nowhere."""
    found = [] if error or app.builder.format != "html" else links.dead(app.outdir)
    if found:
        raise ExtensionError("dead links:\n" + "\n".join(found))
