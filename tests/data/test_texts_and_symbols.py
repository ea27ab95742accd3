"""Data without downloads: texts of this machine, generated tasks, characters as numbers."""

import math
import os
import py_compile
import re
import subprocess
import sys
import sysconfig
import zipfile
from collections import Counter, defaultdict
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_rnn.data import grammars, stdlib_text
from tinygrad_rnn.data.baselines import bigram_bits, uniform_bits, unigram_bits
from tinygrad_rnn.data.grammars import adding, describe, negation, temporal_order
from tinygrad_rnn.data.stdlib_text import Text, docstrings, from_file, module_source, unicode_names
from tinygrad_rnn.data.vocab import CharVocabulary
from tinygrad_rnn.errors import DataError

cases = pytest.mark.parametrize
quietly = settings(derandomize=True, deadline=None, database=None, max_examples=60)
texts = st.text(min_size=1, max_size=50)
has_sources = pytest.mark.skipif(not Path(sysconfig.get_path("stdlib"), "argparse.py").exists(), reason="no .py files")
TASKS = [(temporal_order, "length", 10), (adding, "length", 10), (negation, "fillers", 1)]
each_task = cases(("task", "size", "least"), TASKS, ids=[task.__name__ for task, _, _ in TASKS])


def rng(seed=0):
    return np.random.default_rng(seed)


def refusal(function, *arguments, **options):
    with pytest.raises(DataError) as caught:
        function(*arguments, **options)
    assert caught.value.hint
    return str(caught.value)


# ---- text that is on every machine ----


@has_sources
@cases(("name", "expected"), [("argparse", "class ArgumentParser"), ("os", "def makedirs"), ("this", "Gur Mra bs")])
def test_module_source_reads_without_importing(name, expected, tmp_path, monkeypatch, capsys):
    tmp_path.joinpath(f"{name}.py").write_text("raise SystemExit('not the standard library')", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    text = module_source(name)
    assert expected in text.text
    assert (text.note, text.source.split()[0], "\r" in text.text, text.text in repr(text)) == ("", name, False, False)
    assert "this" not in sys.modules
    assert capsys.readouterr().out == ""


@has_sources
def test_the_texts_of_lessons_10_and_14():
    source, docs = module_source(), docstrings()
    assert 80_000 < len(source.text) < 140_000
    assert "def message_from_string" in module_source("email").text
    assert 600_000 < len(docs.text) < 1_300_000
    assert len(re.findall(r"\ban?\b", docs.text)) > 3_000
    assert (docs.note, "\r" in docs.text, docs.text.encode("utf-8").decode("utf-8")) == ("", False, docs.text)
    assert (source.fingerprint, docs.fingerprint) == (module_source().fingerprint, docstrings().fingerprint)


@cases("name", ["numpy", "os.path", "../argparse", "", "Argparse", None, 3, ["argparse"]])
def test_module_source_takes_plain_names_only(name):
    assert refusal(module_source, name).startswith(f"not the name of a standard-library module: {name!r}\n\nhint: ")


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A Python without .py files: the folder in which it looks for its standard library."""
    monkeypatch.setattr(stdlib_text.sysconfig, "get_path", lambda name: str(tmp_path / "lib"))
    monkeypatch.setattr(sys, "path", [])
    tmp_path.joinpath("lib").mkdir()
    return tmp_path / "lib"


def test_without_sources_the_unicode_names_stand_in_and_say_so(bare):
    names = unicode_names()
    end = f" on this machine; the {len(names):,} names of the Unicode characters stand in."
    for exists in (True, False):
        assert docstrings().note == "No Python files of the standard library" + end
        for name in ("argparse", "math"):
            text = module_source(name)
            assert (text.note, text.text) == (f"No Python source of {name}{end}", "\n".join(names))
            assert text.source.startswith("unicodedata (Unicode ")
        if exists:
            bare.rmdir()


@cases("content", [b"", b"\n \n", b"# coding: no-such-codec\n", b"# coding: ascii\n'\xff'\n"])
def test_a_source_that_is_empty_or_damaged_counts_as_none(content, bare):
    bare.joinpath("argparse.py").write_bytes(content)
    assert "stand in" in module_source("argparse").note


@cases("compiled", [True, False])
def test_a_zipped_standard_library(compiled, bare, monkeypatch):
    source, archive = bare.parent / "argparse.py", bare / "python{}{}.zip".format(*sys.version_info)
    source.write_bytes(b"x = 1\r\n")
    if compiled:
        source = Path(py_compile.compile(str(source), cfile=f"{source}c", doraise=True))
    with zipfile.ZipFile(archive, "w") as opened:
        opened.write(source, source.name)
    monkeypatch.setattr(sys, "path", [str(archive)])
    text = module_source("argparse")
    assert ("stand in" in text.note) if compiled else (text.text, text.note) == ("x = 1\n", "")


def test_docstrings_come_by_file_and_line_and_damaged_files_are_named(tmp_path):
    for name, source in {
        "b.py": "class B:\n    '''class b'''\n    async def f(self):\n        '''method'''\ndef g():\n    '''g'''\n",
        "a.py": "'''module a\n\n    more\n    '''\ndef f():\n    'inner'\n    def h():\n        'h \\ud800 \\r\\n.'\n",
        "Z.py": "'''capital'''", "c.py": "def (:", "d.txt": "'''not Python'''", "odd.py": "'\\d odd escape'",
        "e.py": "x = '''a string'''\ndef f(): ''\n", "sub/f.py": "'''deeper'''", "folder.py/g.py": "'''deeper'''",
    }.items():  # fmt: skip
        tmp_path.joinpath(name).parent.mkdir(exist_ok=True)
        tmp_path.joinpath(name).write_text(source, encoding="utf-8")
    text = docstrings(tmp_path)
    expected = ["capital", "module a\n\nmore", "inner", "h ? \n.", "class b", "method", "g", "\\d odd escape"]
    assert text.text == "\n\n".join(expected)
    assert text.note == "Not read: c.py, folder.py."
    assert text.source.startswith(f"docstrings in 5 files of {tmp_path} (")


def test_only_modules_of_the_standard_library_count_as_such(bare):
    for name in ("argparse", "_sysconfigdata__linux", "sitecustomize"):
        bare.joinpath(f"{name}.py").write_text(f"'''of {name}'''", encoding="utf-8")
    assert docstrings().text == "of argparse"


def test_python_without_docstrings_reads_the_same(tmp_path):
    tmp_path.joinpath("a.py").write_text("'''module'''\ndef f():\n    '''function'''\n", encoding="utf-8")
    code = (
        "import sys; from tinygrad_rnn.data import stdlib_text as s; assert s.Text.__doc__ is None or sys.exit(3)\n"
        "print(s.docstrings(sys.argv[1]).fingerprint, s.module_source().fingerprint, s.__doc__)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(grammars.__file__).parents[2])}
    call = [sys.executable, "-OO", "-W", "error", "-c", code, str(tmp_path)]
    ran = subprocess.run(call, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert ran.stderr == ""
    assert ran.stdout.split() == [docstrings(tmp_path).fingerprint, module_source().fingerprint, "None"]


def test_unicode_names():
    names = unicode_names()
    assert 30_000 < len(names) == len(set(names)) < 40_000
    assert {"GREEK SMALL LETTER ALPHA", "SNOWMAN", "KATAKANA LETTER A", "HANGUL LETTER KIYEOK"} <= set(names)
    assert not [name for name in names if name.startswith(("CJK UNIFIED IDEOGRAPH-", "HANGUL SYLLABLE "))]


@cases(
    ("data", "text", "note"),
    [
        (b"one\r\ntwo\rthree\n", "one\ntwo\nthree\n", ""),
        (b"\xef\xbb\xbfna\xc3\xafve \xf0\x9f\x99\x82 \xef\xbf\xbd", "naïve 🙂 \ufffd", ""),
        (b"caf\xe9 au lait", "caf\ufffd au lait", "Not UTF-8 throughout: 1 of 12 characters became U+FFFD."),
    ],
)
def test_from_file(data, text, note, tmp_path):
    path = tmp_path / "poem.txt"
    path.write_bytes(data)
    for given_path in (path, str(path)):
        assert from_file(given_path) == Text(text, str(path), note)


@cases(
    ("data", "message"),
    [
        *[(empty, "an empty text") for empty in (b"", b" \r\n\t", b"\xef\xbb\xbf")],
        *[(data, "binary data or UTF-16: NUL bytes in it") for data in (b"PK\0\0", "text".encode("utf-16"))],
        ("привет, мир".encode("cp1251"), "not a text in UTF-8: 9 of 11 characters could not be read"),
    ],
)
def test_files_that_are_no_text(data, message, tmp_path):
    path = tmp_path / "bad.txt"
    path.write_bytes(data)
    assert refusal(from_file, path).startswith(f"{message}\n    at {path}\n\nhint: ")


def test_paths_that_are_no_text(tmp_path, monkeypatch):
    missing = tmp_path / "missing"
    assert refusal(from_file, missing).startswith(f"no such file\n    at {missing}\n\nhint: ")
    assert refusal(from_file, tmp_path).startswith("this is a folder")
    assert refusal(from_file, f"{tmp_path}/\0")
    assert refusal(from_file, os.devnull).startswith("not a regular file" if os.path.exists(os.devnull) else "")
    assert refusal(docstrings, missing).startswith(f"no such folder\n    at {missing}\n\nhint: ")
    assert refusal(docstrings, tmp_path).startswith("no docstrings: 0 .py files")
    for function, path in [(from_file, None), (from_file, 3), (from_file, b"bytes.txt"), (docstrings, 5)]:
        assert refusal(function, path).startswith(f"not a path: {path!r}")
    tmp_path.joinpath("locked.txt").write_text("secret", encoding="utf-8")
    monkeypatch.setattr(Path, "read_bytes", mock.Mock(side_effect=PermissionError(13, "Permission denied")))
    assert refusal(from_file, tmp_path / "locked.txt").startswith("cannot read the file: Permission denied\n    at ")


def test_fingerprint_of_any_text():
    assert Text("", "nothing").fingerprint == "e3b0c44298fc"
    assert len(Text("\ud800", "half a character").fingerprint) == 12


# ---- generated tasks ----


@each_task
def test_a_seed_gives_the_same_bytes_and_no_other_randomness_is_used(task, size, least):
    state, generator = np.random.get_state()[1].copy(), rng(1)
    first, again, later, other = (task(source, 20, 37) for source in (rng(1), generator, generator, rng(2)))
    for name in ("x", "y"):
        assert getattr(first, name).tobytes() == getattr(again, name).tobytes()
        assert len({getattr(data, name).tobytes() for data in (first, later, other)}) == 3
    assert (np.random.get_state()[1] == state).all()


@each_task
@cases("value", [0, -3, 2.0, "8", None, True, np.float64(8), [8]])
def test_sizes_and_generators_that_do_not_work(task, size, least, value):
    for name, arguments in (("batch", (value, 30)), (size, (4, value))):
        message = refusal(task, rng(), *arguments)
        assert message.startswith(f"{name}={value!r}, expected ")
        assert message.endswith(f"\n\nhint: {name}=32")
    for wrong in (value, np.random.RandomState(0), np.random):
        assert f"rng is {type(wrong).__name__}, expected numpy.random.Generator" in refusal(task, wrong, 4, 30)


@each_task
def test_the_shortest_sequence(task, size, least):
    assert len(task(rng(), np.int64(3), np.int32(least)).x) == 3
    assert refusal(task, rng(), 3, least - 1).startswith(f"{size}={least - 1}, expected {least} or more")


def two_places(marked):
    rows, places = np.nonzero(marked)
    assert (rows.reshape(-1, 2) == np.arange(len(marked))[:, None]).all()  # exactly two a row
    return places.reshape(-1, 2).T


@cases("length", [10, 11, 19, 37, 100])
def test_temporal_order(length):
    x, y, tokens, symbols, classes = temporal_order(rng(), 4_000, length)
    assert (x.shape, x.dtype, y.dtype, tokens.dtype) == ((4_000, length, 6), np.float64, np.int64, np.int64)
    assert (np.eye(6)[tokens] == x).all()
    first, second = two_places(tokens < 2)
    assert set(first) == set(range(length // 10, 2 * length // 10))
    assert set(second) == set(range(length // 2, 6 * length // 10))
    for row, label in zip(tokens[:50], y, strict=False):
        assert "".join(symbols[token] for token in row if token < 2) == classes[label]
    assert all(0.22 < share < 0.28 for share in np.bincount(y, minlength=4) / 4_000)
    distractors = np.bincount(tokens[tokens > 1])[2:]
    assert distractors.min() > 0.93 * distractors.max()


@cases("length", [10, 15, 60])
@cases("marks", ["early", "halves"])
def test_adding(length, marks):
    border, end = {"early": (length // 10, length // 2), "halves": (length // 2, length)}[marks]
    x, y = adding(rng(), 20_000, length, marks)
    assert (x.shape, y.shape, x.dtype, y.dtype) == ((20_000, length, 2), (20_000, 1), np.float64, np.float64)
    numbers, marked = x[..., 0], x[..., 1]
    assert set(np.unique(marked)) == {0.0, 1.0}
    assert 0 <= numbers.min() < 0.01 < 0.99 < numbers.max() < 1
    first, second = two_places(marked)
    assert (set(first), set(second)) == (set(range(border)), set(range(border, end)))
    np.testing.assert_allclose((numbers * marked).sum(axis=1), y[:, 0])
    assert np.mean((y - 1) ** 2) == pytest.approx(1 / 6, rel=0.04)
    assert np.mean((y[:, 0] - numbers[np.arange(20_000), second] - 0.5) ** 2) == pytest.approx(1 / 12, rel=0.04)


def test_adding_refuses_marks_that_it_does_not_know():
    assert "adding(marks='late')" in refusal(adding, rng(), 1, 10, "late")


def verdict_of(words):
    """The rule of the negation task, read off the words."""
    return {"good": "bad", "bad": "good"}[words[-1]] if "not" in words[:-1] else words[-1]


@cases("fillers", [1, 2, 12, 25])
def test_negation(fillers):
    x, y, tokens, symbols, classes = negation(rng(), 2_000, fillers)
    assert (x.shape, x.dtype, y.shape, tokens is x) == ((2_000, fillers + 2), np.int64, (2_000,), True)
    for words, label in (([symbols[token] for token in row], label) for row, label in zip(x, y, strict=True)):
        count = Counter(words)
        assert (count["good"], count["bad"], count["not"] <= 1, words[-1] in ("good", "bad")) == (1, 1, True, True)
        assert classes[label] == verdict_of(words)
    negated, last = (x == 0).any(axis=1), x[:, -1]
    place = np.nonzero(x == 0)[1]
    opposite = np.nonzero(x[negated, :-1] == 3 - last[negated, None])[1]
    assert set(place) == set(opposite) == set(range(fillers + 1))  # any place but the last
    assert len(set(place - opposite)) > fillers  # and one does not give the other
    for part in (y, negated, last == 2, y[negated], y[~negated], y[last == 1]):
        assert 0.45 < np.mean(part) < 0.55  # neither 'not' alone nor the last word alone says anything


def test_no_bag_of_words_solves_negation():
    x, y, _, symbols, classes = negation(rng(), 20_000, 1)
    swapped = np.array([0, 2, 1, *range(3, len(symbols))])[x]  # bad and good change places
    labels_of_bag = defaultdict(list)
    for row, other, label in zip(x, swapped, y, strict=True):
        assert sorted(row) == sorted(other)  # the same bag
        assert verdict_of([symbols[token] for token in other]) != classes[label]  # the other answer
        labels_of_bag[tuple(sorted(row))].append(label)
    assert len(labels_of_bag) == 1 + len(symbols) - 3
    assert all(0.4 < np.mean(labels) < 0.6 for labels in labels_of_bag.values())


@cases(("task", "facts"), [("adding", "0.1667 0.0833"), ("negation", "50 0.693"), ("temporal_order", "25 1.386 1997")])
def test_describe(task, facts):
    assert describe(task) in describe().splitlines()
    assert describe(task).startswith(f"{task}: ")
    assert all(fact in describe(task) for fact in ("optimum", "tests", *facts.split()))
    for wrong in ("copying", 3, ["adding"]):
        assert "one of: adding, negation, temporal_order" in refusal(describe, wrong)


# ---- characters as numbers ----


@quietly
@given(texts, st.text(max_size=50))
def test_decode_undoes_encode_and_unknown_characters_have_their_own_id(text, other):
    letters, wider = CharVocabulary.from_text(text), CharVocabulary.from_text(text, unknown=True)
    ids = letters.encode(text)
    assert (ids.dtype, ids.shape, letters.symbols) == (np.int64, (len(text),), tuple(sorted(set(text))))
    assert letters.decode(ids) == letters.decode(ids.tolist()) == text
    assert letters == CharVocabulary.from_text(text[::-1])
    assert wider.unknown_id == len(wider) - 1 == len(wider.symbols) - 1 == len(letters)
    assert wider.encode(text).tolist() == ids.tolist()
    assert [i == wider.unknown_id for i in wider.encode(other)] == [c not in text for c in other]
    assert wider.decode(wider.encode(other)) == "".join(c if c in text else "\ufffd" for c in other)


def test_special_vocabularies():
    holds_the_sign = CharVocabulary.from_text("a\ufffd", unknown=True)
    assert holds_the_sign.encode("a\ufffdb").tolist() == [0, 1, 2]
    assert CharVocabulary(holds_the_sign.symbols, holds_the_sign.unknown_id) == holds_the_sign
    assert (holds_the_sign.encode("").shape, holds_the_sign.encode("").dtype) == ((0,), np.int64)
    assert holds_the_sign.decode([]) == holds_the_sign.decode(np.zeros(0, dtype=np.int64)) == ""
    for wrong in [("abc", None), (("a", "a"), None), (("a", "bc"), None), ((), None), (("?",), 0)]:
        assert refusal(CharVocabulary, *wrong).startswith("symbols are not a tuple of distinct characters")
    assert refusal(CharVocabulary.from_text, "").startswith("text is empty")
    assert refusal(CharVocabulary.from_text, Text("abc", "here")).startswith("text is Text, expected str")
    assert refusal(holds_the_sign.encode, Text("abc", "here")).startswith("encode() of Text, expected str")


@cases(("character", "name"), [("é", "'é' (U+00E9)"), ("\n", r"'\n' (U+000A)"), ("🙂", "'🙂' (U+1F642)")])
def test_an_unknown_character_is_named(character, name):
    assert refusal(CharVocabulary.from_text("abc").encode, f"cab{character}{character}") == (
        f"unknown character {name}: not one of the 3 known\n    at position 3 of 5\n\n"
        "hint: build the vocabulary from all of the text, or with from_text(text, unknown=True)"
    )


@cases(
    ("ids", "message"),
    [
        ([0, 3], "id 3 is outside 0..2\n    at position 1 of 2\n\nhint: "),
        ([-1], "id -1 is outside 0..2\n    at position 0 of 1"),
        (np.array([255], dtype=np.uint8), "id 255 is outside 0..2"),
        *[([value], "values, expected integers") for value in (0.0, True, "a", 2**70)],
        ([[0, 1]], "decode() of shape (1, 2), expected (characters,)"),
        (1, "decode() of shape (), expected (characters,)"),
        ([[0], [0, 1]], "decode() of [[0], [0, 1]]: rows of different lengths"),
    ],
)
def test_ids_that_are_no_text(ids, message):
    assert message in refusal(CharVocabulary.from_text("abc").decode, ids)


@quietly
@given(texts, st.floats(0.01, 100))
def test_the_probabilities_of_each_baseline_add_up_to_one(train, weight):
    alphabet = sorted(set(train))
    assert math.fsum(2 ** -unigram_bits(train, c, alpha=weight) for c in alphabet) == pytest.approx(1)
    for b in alphabet[:5]:
        alone = bigram_bits(train, b, prior=weight)
        after = [2 ** (alone - 2 * bigram_bits(train, b + c, prior=weight)) for c in alphabet]
        assert math.fsum(after) == pytest.approx(1)


@cases(
    ("train", "test", "expected"),
    [
        ("a", "a", (0.0, 0.0, 0.0)),
        ("ab", "ab", (1.0, 1.0, 1 - math.log2(12 / 11) / 2)),  # p(b | a) = (1 + 10/2) / (1 + 10)
        ("aab", "c", (math.log2(3), math.log2(6), math.log2(6))),  # seen never: 1 of 3 + 3
        ("aab", "ca", (math.log2(3), math.log2(12) / 2, math.log2(12) / 2)),  # nothing known of what follows c
    ],
)
def test_baselines_worked_by_hand(train, test, expected):
    assert [bits(train, test) for bits in (uniform_bits, unigram_bits, bigram_bits)] == pytest.approx(list(expected))


@has_sources
def test_counting_on_the_last_tenth_of_argparse():
    text = module_source("argparse").text
    cut = len(text) - len(text) // 10
    for bits, low, high in [(uniform_bits, 6.3, 6.7), (unigram_bits, 3.9, 4.6), (bigram_bits, 2.7, 3.2)]:
        assert low < bits(text[:cut], text[cut:]) == bits(text[:cut], text[cut:]) < high


@cases("bits", [uniform_bits, unigram_bits, bigram_bits])
def test_baselines_need_text_and_smoothing(bits):
    for wrong, problem in [("", "is empty"), (b"a", "is bytes, expected str"), (0, "is int, expected str")]:
        assert refusal(bits, wrong, "a").startswith(f"train {problem}")
        assert refusal(bits, "a", wrong).startswith(f"test {problem}")
    for value in (0, -1.0, math.inf, math.nan):
        assert refusal(unigram_bits, "ab", "ab", alpha=value).startswith(f"alpha={value}, expected a number above 0")
        assert refusal(bigram_bits, "ab", "ab", prior=value).startswith(f"prior={value}, expected a number above 0")
