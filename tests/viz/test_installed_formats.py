"""A suffix that another package brings: found when it is asked for, never in the way of the package's own."""

import sys

import pytest

import tinygrad_rnn as tg

BRINGS = """
def tikz(drawing):
    return rf"% {drawing.title}: {len(drawing.view.boxes)} boxes"

def picture(drawing):
    return 3
"""


@pytest.fixture
def drawing(tmp_path, monkeypatch):
    """A drawing, in an environment where a package brings `.tikz`, `.three`, `.gone` and an `.svg` of its own."""
    home = tmp_path / "site"
    (home / "brings-0.1.dist-info").mkdir(parents=True)
    (home / "brings_formats.py").write_text(BRINGS, encoding="utf-8")
    (home / "brings-0.1.dist-info" / "METADATA").write_text("Name: brings\nVersion: 0.1\n", encoding="utf-8")
    (home / "brings-0.1.dist-info" / "entry_points.txt").write_text(
        "[tinygrad_rnn.formats]\ntikz = brings_formats:tikz\nthree = brings_formats:picture\n"
        "gone = brings_formats:gone\nsvg = brings_formats:tikz\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(home))
    yield tg.draw(tg.Tensor(2.0, requires_grad=True, name="w") * 3.0)
    sys.modules.pop("brings_formats", None)


def test_a_suffix_of_another_package_is_written_by_it(drawing, tmp_path):
    path = drawing.save(tmp_path / "x.tikz")
    assert path.read_text(encoding="utf-8") == f"% {drawing.title}: {len(drawing.view.boxes)} boxes"


def test_the_suffixes_of_the_package_are_its_own(drawing, tmp_path):
    assert drawing.save(tmp_path / "x.svg").read_text(encoding="utf-8") == drawing.svg()


def test_a_format_that_cannot_be_loaded_says_whose_it_is(drawing, tmp_path):
    with pytest.raises(tg.errors.DataError, match=r"cannot be loaded from brings_formats:gone") as found:
        drawing.save(tmp_path / "x.gone")
    assert "brings" in found.value.hint
    assert not (tmp_path / "x.gone").exists()


def test_a_format_that_gives_no_bytes_is_refused(drawing, tmp_path):
    with pytest.raises(tg.errors.DataError, match="gave a int"):
        drawing.save(tmp_path / "x.three")


def test_an_unknown_suffix_names_the_installed_ones_too(drawing, tmp_path):
    with pytest.raises(tg.errors.DataError) as found:
        drawing.save(tmp_path / "x.xyz")
    assert ".tikz" in found.value.hint
