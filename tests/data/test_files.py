"""Files of one's own, words as numbers, batches: what is read, what is skipped and said, what is refused."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_rnn.data import batches, files
from tinygrad_rnn.data.batches import buckets, pad, padded_batches, shuffled_split, text_windows, windows
from tinygrad_rnn.data.csv.rows import read_rows
from tinygrad_rnn.data.files import (
    Labelled,
    Names,
    Skipped,
    kind_of,
    read,
    read_labelled,
    read_name_classes,
    read_names,
    read_text,
)
from tinygrad_rnn.data.stdlib_text import Text
from tinygrad_rnn.data.vocab import CharVocabulary, WordVocabulary, words
from tinygrad_rnn.errors import DataError

cases = pytest.mark.parametrize
NEWS = '"2","A, title","said ""yes"" today"\n"1","Other","words here"\n'


def refusal(function, *arguments, **options):
    with pytest.raises(DataError) as caught:
        function(*arguments, **options)
    assert caught.value.hint
    return str(caught.value)


@pytest.fixture
def file(tmp_path):
    def write(content, name="file.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


# ---- csv ------------------------------------------------------------------------------------------------------------------


@cases(
    "change",
    [str.encode, lambda s: b"\xef\xbb\xbf" + s.encode(), lambda s: s.replace("\n", "\r\n").encode(), lambda s: s.encode()[:-1]],
)
def test_labelled_rows_in_any_dress(change, file):
    data = read_labelled(file(change(NEWS)))
    assert data.texts == ('A, title said "yes" today', "Other words here")
    assert (data.labels.tolist(), data.labels.dtype, data.classes) == ([1, 0], np.int64, ("1", "2"))
    assert (data.skipped, data.header, len(data), data.texts[0] in repr(data)) == ((), False, 2, False)


def test_a_header_is_seen_and_classes_are_named_by_the_file_beside(file):
    file("World\nSports\n\nBusiness\n", "classes.txt")
    data = read_labelled(file("Class,Title\n" + "2,ball\n1,war\n"))
    assert (data.header, data.classes, data.labels.tolist(), data.skipped) == (True, ("World", "Sports", "Business"), [1, 0], ())
    assert "class 4, expected 1 to 3 (classes.txt has so many lines)" in refusal(read_labelled, file("1,a\n4,b\n"))
    assert "class 3, expected 0 to 2 (classes.txt has so many lines)" in refusal(read_labelled, file("0,a\n3,b\n"))
    assert read_labelled(file("0,a\n2,b\n")).labels.tolist() == [0, 2]
    data = read_labelled(file("Sports,a\nWorld,b\nSports,c\nWorld,d\n"))
    assert (data.classes, data.labels.tolist()) == (("World", "Sports", "Business"), [1, 0, 1, 0])
    assert "class 'Science' is not in classes.txt" in refusal(read_labelled, file("World,a\nScience,b\nWorld,c\nScience,d\n"))


def test_malformed_rows_are_listed_by_their_line_and_spoil_no_other(file):
    content = (
        '1,a,b\n2,only\n"2","open,c\n1,d,e\n\nx,f,g\n2,h,"i"j\n1,k,l,m\n2," ",\n"2","two\nlines","n"\n1.5,o,p\n"1","last","open\n'
    )
    data = read_labelled(file(content))
    assert data.texts == ("a b", "two\nlines n")
    assert data.skipped == (
        Skipped(2, "2 columns, expected 3"),
        Skipped(3, "quotes that do not match (up to line 7)"),
        Skipped(8, "4 columns, expected 3"),
        Skipped(9, "no text"),
        Skipped(12, "the class is '1.5', not a whole number"),
        Skipped(13, "quotes that do not match"),
    )


@cases(
    ("content", "message", "line"),
    [
        ("", "an empty file", ""),
        (" \n\n", "an empty file", ""),
        ("one\ntwo\n", "one column, where a class and a text are expected", ", line 1"),
        ("\n7\n", "one column", ", line 2"),
        ("label,text\n", "no row that can be used: there is a header alone", ", line 1"),
        ("label,text\npos,\npos, \n", "no row that can be used: no text", ", line 2"),
        ("pos,a\nneg,b\npos,c\nneg,d\n1,e\n", "1 of 5 classes are whole numbers, the others are words", ", line 5"),
        ("label,target,text\na,b,c\n", "2 columns have the name of a class: 'label' and 'target'", ", line 1"),
        ("v1,v2\npos,a\nneg,b\npos,c\nneg,d\n", "no other row has the class 'v1': it may be the name of the column", ", line 1"),
        ("pos;a,b\nneg;c,d\n", "cut at every comma and every semicolon, all rows have the same number of columns", ""),
        ("pos;a,b\nneg;c\nd\n", "most lines have a semicolon before any comma, but not all have as many", ""),
        ("pos\ta\nneg\tc\td\n", "most lines have a tab before any comma, but not all have as many", ""),
        ('"1,a\n"2,b\n', "no row of a csv: quotes that do not match", ", line 1"),
        (b"1,a\n2,caf\xe9\n", "not UTF-8: the byte 0xE9, which is \u00e9 in cp1252, the older text of Windows", ", line 2"),
        (b"1,a\n2,don\x92t\n", "not UTF-8: the byte 0x92, which is \u2019 in cp1252, the older text of Windows", ", line 2"),
        (b"1,a\n2,\x81\xff\n", "not UTF-8: the byte 0x81\n", ", line 2"),
        ("1,a\n2,b\n".encode("utf-16-le"), "this is UTF-16, not UTF-8", ", line 1"),
        ('{"label": "pos", "text": "good"}\n{"label": "neg", "text": "bad"}\n', "this is JSON lines, not a csv", ", line 1"),
        ('\n[\n{"label": 1}]\n', "this is JSON, not a csv", ", line 2"),
        ('[{"label": 1,\n"text": "a"}]\n', "this is JSON, not a csv", ", line 1"),
        ("date,value\n2024-01-01,1.5\n2024-01-02,\n2024-01-05,2\n", "a table of dates and numbers, where", ", line 1"),
        ("day;target\n1.2.2024;1,5\n3.2.2024;NA\n", "a table of dates and numbers, where", ", line 2"),
        ("0,1.5\n1,nan\n2,-2e3\n", "a table of numbers, where texts with a class are expected", ", line 1"),
        ("".join(f"{k * k},text\n" for k in range(12)), "column 0 looks like a measure, not like a class: 12 different", ""),
        ("1,a\n".encode("utf-16"), "this is UTF-16, not UTF-8", ", line 1"),
        (b"1,a\n1,b\0\n", "binary data: a NUL byte", ", line 2"),
    ],
)
def test_csv_files_that_cannot_be_used(content, message, line, file):
    path = file(content)
    text = refusal(read_labelled, path)
    assert text.startswith(message)
    assert f"{path}{line}\n" in text


FILMS = "pos,good film\nneg,slow\nneg,dull\npos,fine\n"
TURNED = "".join(",".join(reversed(line.split(","))) + "\n" for line in FILMS.splitlines())


@cases(
    ("content", "options", "header"),
    [
        (FILMS, {}, False),
        ("Label ,text\n" + FILMS, {}, True),
        ("SENTIMENT,text\n" + FILMS, {}, True),
        ("v1,v2\n" + FILMS, {"header": True}, True),
        ("v1\n" + FILMS, {"header": True}, True),
        ("text,label\n" + TURNED, {}, True),
        (TURNED, {"label": -1}, False),
        (TURNED, {"label": np.int64(1)}, False),
        ("review,rating\n" + TURNED, {"label": -1, "header": True}, True),
        ("label,text\n" + FILMS.replace("pos", '" pos"'), {}, True),
        ("label;text\n" + FILMS.replace(",", ";"), {}, True),
        (FILMS.replace(",", "\t"), {}, False),
        (FILMS.replace(",", "|"), {"separator": "|"}, False),
        (",text,label\n" + "".join(f"{k},{line}\n" for k, line in enumerate(TURNED.splitlines())), {}, True),
        ("id,text,label\n" + "".join(f"{k},{line}\n" for k, line in enumerate(TURNED.splitlines())), {"text": 1}, True),
    ],
)
def test_words_are_classes(content, options, header, file):
    data = read_labelled(file(content), **options)
    assert data.texts == ("good film", "slow", "dull", "fine")
    assert (data.classes, data.labels.tolist(), data.labels.dtype) == (("neg", "pos"), [1, 0, 0, 1], np.int64)
    assert (data.header, data.skipped) == (header, ())


@cases(
    ("content", "classes", "labels", "header"),
    [
        ("0,a\n1,b\n0,c\n", ("0", "1"), [0, 1, 0], False),
        ("label,text\n1,a\n0,b\n", ("0", "1"), [1, 0], True),
        ("text,label\na,2\nb,1\nc,0\n", ("0", "1", "2"), [2, 1, 0], True),
        ("2,a\n1,b\n", ("1", "2"), [1, 0], False),
        ("class,A:\ndef,f():\nclass,B:\ndef,g():\n", ("class", "def"), [0, 1, 0, 1], False),  # not a header: it comes again
        ("label,text\npos,a\nneg,b\nneg,c\n", ("neg", "pos"), [1, 0, 0], True),
        ("0,a\n4,b\n4,c\n", ("0", "4"), [0, 1, 1], False),
        ("-1,a\n1,b\n-1,c\n", ("-1", "1"), [0, 1, 0], False),
        ("text,label\na,10\nb,2\nc,-3\n", ("-3", "2", "10"), [2, 1, 0], True),
        ("label,text\npos,good film\n", ("pos",), [0], True),
        ("text,label\ngood film,pos\nbad film,neg\n", ("neg", "pos"), [1, 0], True),
        ("1.5,a\n2.0,b\n1.5,c\n2.0,d\n", ("1.5", "2.0"), [0, 1, 0, 1], False),
    ],
)
def test_what_is_a_class_and_what_a_header(content, classes, labels, header, file):
    data = read_labelled(file(content))
    assert (data.classes, data.labels.tolist(), data.header, data.skipped) == (classes, labels, header, ())


@cases(
    ("content", "message"),
    [
        (TURNED, "column 0 looks like text, not like a class: 4 different values in 4 rows"),
        ("review,rating\n" + TURNED, "column 0 looks like text, not like a class: 5 different values in 5 rows"),
        (TURNED.replace("pos", "1").replace("neg", "0"), "column 0 looks like text, not like a class: 4 different"),
        ("id,text\n" + "".join(f"x{k},text\n" for k in range(9)), "column 0 looks like text, not like a class: 10 different"),
        ("".join(f"{k},{line}\n" for k, line in enumerate(TURNED.splitlines() * 3)), "column 0 only counts the rows, from 0 on"),
        ("good,1\nbad,0\nbad,0\ngood,1\n", "column 0 holds words, and what should be text is whole numbers"),
    ],
)
def test_a_column_of_text_is_not_taken_for_classes(content, message, file):
    path = file(content)
    text = refusal(read_labelled, path)
    assert text.startswith(message)
    assert "hint: read_labelled(path, label=-1) takes the class from the last column" in text
    assert len(read_labelled(path, label=0, header=False)) == content.count("\n")  # who says so has his way


def test_rows_that_do_not_fit_words_are_listed(file):
    content = f"label,text\npos,a\n,b\n{'x' * 41},c\nneg,d\nneg,e,f\npos,g\nneg, \n9,h,i\npos,j\n"
    data = read_labelled(file(content))
    assert (data.texts, data.classes) == (("a", "d", "g", "j"), ("neg", "pos"))
    assert data.skipped == (
        Skipped(3, "no class"),
        Skipped(4, "the class has 41 characters, at most 40 are expected"),
        Skipped(6, "3 columns, expected 2"),
        Skipped(8, "no text"),
        Skipped(9, "3 columns, expected 2"),
    )
    data = read_labelled(file("pos;a,b\nneg;c\nd\nneg;e\npos;g\n"), separator=";")
    assert (data.texts, data.skipped) == (("a,b", "c", "e", "g"), (Skipped(3, "1 columns, expected 2"),))


@cases(
    ("options", "message"),
    [
        ({"label": 2}, "label=2 for rows of 2 columns"),
        ({"label": -3}, "label=-3 for rows of 2 columns"),
        ({"label": "label"}, "label='label', expected the number of a column"),
        ({"text": 2}, "text=2 for rows of 2 columns"),
        ({"text": 0}, "column 0 for the class and the text"),
        ({"text": 0.0}, "text=0.0, expected the number of a column"),
        ({"separator": ""}, "separator=''"),
        ({"separator": '"'}, "separator='\"'"),
        ({"separator": 3}, "separator=3"),
    ],
)
def test_options_that_do_not_fit(options, message, file):
    assert refusal(read_labelled, file(FILMS), **options).startswith(message)


@cases(
    ("content", "texts", "skipped"),
    [
        ('1,"a\n2,text"\n2,b\n', ("a\n2,text", "b"), ()),
        ('1,"""a""\n2,""text"""\n2,b\n', ('"a"\n2,"text"', "b"), ()),
        ("1,a\n2,b,c\n2,d,e\n1,f,g\n", ("b c", "d e", "f g"), (Skipped(1, "2 columns, expected 3"),)),
        ("class\n2,b,c\n1,d,e\n", ("b c", "d e"), (Skipped(1, "1 columns, expected 3"),)),
        ('1,a\n2,"open\n1,b\n2,c\n', ("a", "b", "c"), (Skipped(2, "quotes that do not match"),)),
        ('1,a\n2,"open\n1,b\n2,"c"\n', ("a", "c"), (Skipped(2, "quotes that do not match (up to line 3)"),)),
        ('1,He said "no"\n2,6" long\n', ('He said "no"', '6" long'), ()),
        ('1,a\n2,"two\nlines",\n2,b\n', ("a", "b"), (Skipped(2, "3 columns, expected 2 (up to line 3)"),)),
    ],
)
def test_which_lines_are_a_row(content, texts, skipped, file):
    data = read_labelled(file(content))
    assert (data.texts, data.skipped) == (texts, skipped)


def test_long_fields_are_read_and_settings_of_the_csv_module_left_alone(file):
    long = "x" * 200_000
    before = csv.field_size_limit()
    lines = "\n".join(f"{k},line" for k in range(100))
    assert read_labelled(file(f'1,"{long}"\n2,{long}\n1,"{lines}"\n')).texts == (long, long, lines)
    assert csv.field_size_limit() == before


CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0\r")  # all line breaks are read as \n
TEXTS = st.text(st.one_of(st.sampled_from(',;"\n\t 12'), CHARACTERS), max_size=12)
STYLES = st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])


def written(table, quoting, separator=","):
    """Each row as the csv module writes it."""
    pieces = []
    for row in table:
        out = io.StringIO()
        csv.writer(out, delimiter=separator, quoting=quoting, lineterminator="\n").writerow(row)
        pieces.append(out.getvalue())
    return pieces


@given(st.lists(st.tuples(st.integers(1, 9).map(str), TEXTS), max_size=9), STYLES, st.sampled_from(",;\t|"))
def test_what_the_csv_module_writes_comes_back(table, quoting, separator):
    found = list(read_rows("".join(written(table, quoting, separator)).removesuffix("\n").split("\n"), separator))
    assert [row.fields for row in found] == [[*row] for row in table]


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(1, 9).map(str), TEXTS.map("t".__add__)), min_size=1, max_size=9), STYLES, st.data())
def test_a_quote_too_many_or_too_few_spoils_no_other_row(table, quoting, data):
    """The other rows come back or are reported, and no line of theirs is read as a row; texts begin with a letter."""
    pieces = written(table, quoting)
    spoiled = data.draw(st.integers(0, len(table) - 1))
    place = data.draw(st.integers(0, len(pieces[spoiled]) - 1))
    rest = pieces[spoiled][place:]
    pieces[spoiled] = pieces[spoiled][:place] + (rest[1:] if rest[0] == '"' else '"' + rest)
    found = list(read_rows("".join(pieces).removesuffix("\n").split("\n")))
    good = {(row.first, row.last): row.fields for row in found if len(row.fields) == 2}
    reported = {line for row in found if len(row.fields) != 2 for line in range(row.first, row.last + 1)}
    first = 1
    for k, (row, piece) in enumerate(zip(table, pieces, strict=True)):
        last = first + piece.count("\n") - 1
        lines = {*range(first, last + 1)}
        if k == spoiled:
            good = {place: fields for place, fields in good.items() if not {*place} <= lines}
        elif good.pop((first, last), None) != [*row]:
            assert lines & reported
        first = last + 1
    assert good == {}


# ---- names, texts, and what a file is ---------------------------------------------------------------------------------------


def test_names(file):
    names = read_names(file(f"emma\n\n Mary Ann \n{'x' * 41}\nzoë", "names.txt"))
    assert (names.names, names.skipped) == (("emma", "Mary Ann", "zoë"), (Skipped(4, "41 characters, a name has at most 40"),))
    assert refusal(read_names, file("x" * 50)).startswith("no names: all 1 lines are longer")
    assert refusal(read_names, file(b"emma\nzo\xeb\n")).startswith("not UTF-8: the byte 0xEB")
    assert refusal(read_names, file("")).startswith("an empty file")


def test_a_folder_of_names_is_a_class_a_file(file, tmp_path):
    file("Niamh\nAodh\n", "Irish.txt")
    file(f"Ane\n{'x' * 41}\n", "Basque.txt")
    file("1,not a class\n", "notes.csv")
    found = read(tmp_path)
    assert (found.texts, found.labels.tolist(), found.classes) == (("Ane", "Niamh", "Aodh"), [0, 1, 1], ("Basque", "Irish"))
    assert found.skipped == (Skipped(2, "Basque.txt: 41 characters, a name has at most 40"),)


def test_a_folder_without_two_classes_is_refused(file, tmp_path):
    file("Ane\n", "Basque.txt")
    assert "1 files that end in .txt, two or more are expected" in refusal(read, tmp_path)
    for reader in (read, read_name_classes):
        for wrong in (None, 3, b"folder", ["Irish.txt"]):
            assert refusal(reader, wrong).startswith(f"not a path: {wrong!r}")
    assert "0 files" in refusal(read_name_classes, tmp_path / "missing")
    file("", "Irish.txt")
    assert "an empty file" in refusal(read_name_classes, tmp_path)


def test_one_text(file):
    assert read_text(file(b"\xef\xbb\xbfone\r\ntwo\rthree\n", "a.txt")).text == "one\ntwo\nthree"
    assert "line 3" in refusal(read_text, file(b"a\nb\n\xff"))
    assert refusal(read_text, "/no/such/file").startswith("cannot read the file: No such file")
    assert refusal(read_text, 3).startswith("not a path: 3")
    assert refusal(read_text, "/").startswith("cannot read the file: Is a directory")


@cases(
    ("name", "content", "kind", "reader"),
    [
        ("a.txt", NEWS, "csv", Labelled),
        ("a", "1;2\n", "csv", Labelled),
        ("a.txt", "1\ta\n2\tb\n", "csv", Labelled),
        ("a.txt", "label;text\n" + FILMS.replace(",", ";"), "csv", Labelled),
        ("a.TSV", FILMS.replace(",", "\t"), "csv", Labelled),
        ("a.txt", FILMS, "text", Text),
        ("a.CSV", "1,a\n", "csv", Labelled),
        ("names.txt", "emma\nMary Ann\nO'Neil\nJean-Luc\nDr. Who\n", "names", Names),
        ("names.txt", "emma\n", "text", Text),
        ("a.txt", "It was the best of times, it was the worst of times.\nYes.\n", "text", Text),
        ("a.txt", "def f(x):\n    return x\n", "text", Text),
        ("a.txt", "1,a\nsome words, and more\nwords\n", "text", Text),
    ],
)
def test_what_a_file_looks_like(name, content, kind, reader, file):
    path = file(content, name)
    assert kind_of(path) == kind
    assert isinstance(read(path), reader)


# ---- words ----------------------------------------------------------------------------------------------------------------


@given(st.lists(st.text(max_size=20), max_size=5))
def test_words_have_ids_of_their_own(texts):
    texts = [*texts, "one two two"]
    known = WordVocabulary.from_texts(texts)
    assert known.symbols[:2] == ("<pad>", "<unknown>")
    assert (known.padding_id, known.unknown_id, len(set(known.symbols))) == (0, 1, len(known))
    for text in texts:
        ids = known.encode(text)
        assert ids.dtype == np.int64
        assert (ids > 1).all() or not words(text)
        assert known.decode(ids).split(" ") == (words(text) or ["<unknown>"])
        assert known.decode([*ids, 0, 0]) == known.decode(ids)
    assert known.encode("<pad> <unknown> qqqqqqqqqqqqqqqqqqqqqqq")[-1] == 1


def test_frequent_words_first_and_rare_ones_unknown():
    texts = ["b a c", "b a", "b"]
    assert WordVocabulary.from_texts(texts).symbols[2:] == ("b", "a", "c")
    assert WordVocabulary.from_texts(texts, smallest_count=2).encode("a b c").tolist() == [3, 2, 1]
    assert len(WordVocabulary.from_texts(texts, largest=4)) == 4
    assert WordVocabulary.from_texts(iter(["Don’t", "don't"])).symbols[2:] == ("don't",)
    for wrong in ([], ["", "!?"], "a text", [3], [Text("a", "here")]):
        refusal(WordVocabulary.from_texts, wrong)
    for options in ({"smallest_count": 0}, {"largest": 2}):
        refusal(WordVocabulary.from_texts, texts, **options)
    for wrong in (("a",), ("<pad>", "<unknown>", "a", "a"), ["<pad>", "<unknown>"]):
        refusal(WordVocabulary, wrong)
    known = WordVocabulary.from_texts(texts)
    assert (known.encode("?!").tolist(), known.decode([])) == ([1], "")
    assert refusal(known.decode, [9]).startswith("id 9 is outside 0..4")
    assert refusal(known.encode, 3).startswith("encode() of int")


@cases("unknown", [False, True])
def test_characters_may_have_padding_too(unknown):
    letters = CharVocabulary.from_text("abba", unknown=unknown, padding=True)
    assert (letters.padding_id, letters.unknown_id, len(letters)) == (2 + unknown, 2 if unknown else None, 3 + unknown)
    assert letters.encode("ab").tolist() == [0, 1]
    assert letters.decode([0, letters.padding_id, 1, letters.padding_id]) == "ab"
    assert CharVocabulary(letters.symbols, letters.unknown_id, letters.padding_id) == letters
    one = CharVocabulary.from_text("aaa")
    assert (len(one), one.decode(one.encode("aa"))) == (1, "aa")


# ---- batches --------------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 9), min_size=1, max_size=40), st.integers(1, 7), st.booleans())
def test_every_row_is_in_one_batch_with_rows_of_its_length(lengths, size, shuffled):
    sequences = [np.arange(n) + 1 for n in lengths]
    made = padded_batches(sequences, np.arange(len(lengths)), size, np.random.default_rng(0) if shuffled else None, padding_id=-1)
    again = padded_batches(
        sequences, np.arange(len(lengths)), size, np.random.default_rng(0) if shuffled else None, padding_id=-1
    )
    assert sorted(row for batch in made for row in batch.rows) == [*range(len(lengths))]
    assert sum(len(batch.x) == size for batch in made) >= len(lengths) // size
    for batch, same in zip(made, again, strict=True):
        assert batch.x.tobytes() == same.x.tobytes()
        assert batch.y.tolist() == batch.rows.tolist()
        assert batch.x.shape == (len(batch.rows), batch.lengths.max())
        assert ((batch.x > 0) == batch.mask).all()
        assert batch.lengths.tolist() == [lengths[row] for row in batch.rows]
    wasted = sum((~batch.mask).sum() for batch in made)
    assert wasted <= (max(lengths) - min(lengths)) * size  # sorted: at most one batch's worth


def test_a_generator_mixes_differently_in_every_epoch():
    rng, lengths = np.random.default_rng(0), np.arange(1, 1001) % 37 + 1
    first, second = buckets(lengths, 16, rng), buckets(lengths, 16, rng)
    assert [*map(list, first)] != [*map(list, second)]
    assert [lengths[rows].max() for rows in first] != sorted(lengths[rows].max() for rows in first)
    assert max(np.ptp(lengths[rows]) for rows in first) <= 5


def test_a_split_holds_everything_once():
    assert len(shuffled_split(np.random.default_rng(0), 10, np.float32(0.2))[1]) == 2
    train, test = shuffled_split(np.random.default_rng(0), 7600, 1600)
    assert (len(train), len(test), sorted([*train, *test])) == (6000, 1600, [*range(7600)])
    assert len(shuffled_split(np.random.default_rng(0), 10, 0.25)[1]) == 2
    for size, held_out in ((10, 0), (10, 10), (10, 0.0), (1, 0.5), (0, 1), (3, -1)):
        assert "each part needs at least one item" in refusal(shuffled_split, np.random.default_rng(0), size, held_out)
    assert "expected numpy.random.Generator" in refusal(shuffled_split, 0, 10, 2)


def test_windows_cover_a_text_in_order():
    ids = np.arange(103)
    made = text_windows(ids, 4, 10)
    x, y = (np.concatenate(parts, axis=1) for parts in zip(*made, strict=True))
    assert (x + 1 == y).all()
    assert [window.x.shape[1] for window in made] == [10, 10, 4]
    assert x[:, 0].tolist() == [0, 25, 50, 75]
    made = windows(np.ones((2, 5, 3)), np.ones((2, 5)), 4)
    assert [window.x.shape for window in made] == [(2, 4, 3), (2, 1, 3)]


@cases(
    ("call", "message"),
    [
        (lambda: pad([]), "a batch of no sequences"),
        (lambda: pad([[1], []]), "a sequence of no steps\n    at sequence 1 of 2"),
        (lambda: pad([[1], [1.5]]), "sequence 1 is no row of ids but list (1,) of float64"),
        (lambda: pad(["ab", "c"]), "sequence 0 is no row of ids but str () of <U2"),
        (lambda: pad([[[1, 2]]]), "sequence 0 is no row of ids but list (1, 2) of int"),
        (lambda: pad([1, 2]), "a batch of a list"),
        (lambda: pad([[1, 2], [1, [2, 3]]]), "sequence 1 is [1, [2, 3]]: rows of different lengths"),
        (lambda: pad([[1, 2], [3]], padding_id=1.5), "padding with padding_id=1.5"),
        (lambda: pad([[1, 2], [3]], padding_id=True), "padding with padding_id=True"),
        (lambda: pad([[1, 2], [3]], padding_id=None), "padding with padding_id=None"),
        (lambda: pad([[1, 2], [3]], padding_id=2**63), "padding with padding_id=9223372036854775808"),
        (lambda: padded_batches([[1, 2], [3]], [0, 1], 2, padding_id="x"), "padding with padding_id='x'"),
        (lambda: pad([k] for k in range(3)), "a batch of a generator"),
        (lambda: shuffled_split(np.random.default_rng(0), 10, "a"), "'a' held out of 10 items"),
        (lambda: shuffled_split(np.random.default_rng(0), "10", 0.1), "0.1 held out of '10' items"),
        (lambda: shuffled_split(np.random.default_rng(0), 10, float("nan")), "nan held out of 10 items"),
        (lambda: shuffled_split(np.random.default_rng(0), 10, True), "True held out of 10 items"),
        (lambda: windows([[1], [1, 2]], [[1], [1, 2]], 1), "windows of [[1], [1, 2]]: rows of different lengths"),
        (lambda: padded_batches([[1]], [1, 2], 3), "1 sequences and y of shape (2,)"),
        (lambda: padded_batches([], [], 3), "a batch of no sequences"),
        (lambda: buckets([], 3), "batches of lengths of shape (0,)"),
        (lambda: buckets([1, 2], 0), "batches of size 0"),
        (lambda: buckets([1, 2], True), "batches of size True"),
        (lambda: buckets([1, 2], 2, 5), "rng is int"),
        (lambda: text_windows([1], 1, 5), "a text of 1 ids in 1 rows"),
        (lambda: text_windows([], 1, 5), "a text of 0 ids in 1 rows"),
        (lambda: text_windows([1, 2, 3], 2, 5), "a text of 3 ids in 2 rows"),
        (lambda: text_windows([[1, 2]], 2, 5), "text_windows of ids of shape (1, 2)"),
        (lambda: text_windows([1, 2, 3], 0, 5), "text_windows of 0 rows"),
        (lambda: windows([[1]], [[1]], 0), "windows of 0 steps"),
        (lambda: windows([[1]], [[1, 2]], 2), "windows of x (1, 1) and y (1, 2)"),
        (lambda: windows(np.ones((2, 0)), np.ones((2, 0)), 2), "windows of x (2, 0)"),
        (lambda: windows([1], [1], 2), "windows of x (1,)"),
    ],
)
def test_batches_of_nonsense(call, message):
    assert refusal(call).startswith(message)


def test_modules_are_reached_by_their_package():
    import tinygrad_rnn as tg

    assert (tg.data.files, tg.data.batches) == (files, batches)


def test_a_label_of_a_billion_is_one_class_and_no_flood(tmp_path):
    path = tmp_path / "news.csv"
    path.write_text("1,a\n2,c\n999999999,b\n", encoding="utf-8")
    assert read_labelled(path).classes == ("1", "2", "999999999")


@cases(("encoding", "name"), [("cp1252", "CP1252"), ("utf-16", "UTF-16")])
def test_the_hint_of_another_encoding_gives_the_text_that_was_meant(encoding, name, file):
    meant = "1,don\u2019t\n2,caf\u00e9 \u20ac\n"
    with pytest.raises(DataError) as caught:
        read_labelled(file(meant.encode(encoding)))
    assert f"iconv -f {name} -t UTF-8" in caught.value.hint
    assert meant.encode(encoding).decode(name) == meant
