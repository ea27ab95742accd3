"""Words by Unicode's rules (UAX 29): a mark belongs to its letter, however a text is stored."""

import unicodedata

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.data.vocab import WordVocabulary, words
from tinygrad_rnn.errors import DataError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("की के का", ["की", "के", "का"]),  # Hindi
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),  # Tamil
        ("שָׁלוֹם עוֹלָם", ["שָׁלוֹם", "עוֹלָם"]),  # pointed Hebrew
        ("مَرْحَبًا بِكَ", ["مَرْحَبًا", "بِكَ"]),  # vowelled Arabic
        ("می\u200cروم خوب", ["می\u200cروم", "خوب"]),  # Persian, with a zero-width non-joiner
        ("Crème brûlée, l’été", ["crème", "brûlée", "l'été"]),
        ("👍️ ★★★★★ \u0301", []),  # a mark without a letter is no word
        ("don't", ["don't"]),
        ("straße_x Ⅷ", ["straße", "x", "ⅷ"]),
    ],
)
def test_words(text, expected):
    expected = [unicodedata.normalize("NFC", word) for word in expected]
    assert words(text) == expected
    for form in ("NFC", "NFD"):  # composed and decomposed
        assert words(unicodedata.normalize(form, text)) == expected


def test_names_are_names_composed_and_decomposed(tmp_path):
    for form in ("NFC", "NFD"):
        path = tmp_path / f"{form}.txt"
        path.write_text(unicodedata.normalize(form, "Zoë\nRenée O’Neill\nJosé\nकीर्ति\n"), encoding="utf-8")
        assert tg.data.files.kind_of(path) == "names"


def test_a_text_without_a_word_is_one_unknown_word():
    known = WordVocabulary.from_texts(["good film", "👍"])
    assert known.encode("👍").tolist() == known.encode("").tolist() == [known.unknown_id]


def test_reviews_of_emoji_alone_are_trained_on_and_predicted(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text('label,text\npos,👍\nneg,bad film\npos,★★★★★\nneg,"..."\npos,good\nneg,बुरा\n', encoding="utf-8")
    data = tg.data.files.read_labelled(path)
    known = WordVocabulary.from_texts(data.texts)
    rng = np.random.default_rng(0)
    model = tg.nn.SequenceClassifier(
        tg.nn.Embedding(len(known), 4, rng=rng, padding_idx=0), tg.nn.GRU(4, 5, rng=rng), tg.nn.Linear(5, 2, rng=rng)
    )
    batch = tg.data.batches.padded_batches([known.encode(text) for text in data.texts], data.labels, 6)[0]
    assert model(batch.x, batch.lengths).shape == (6, 2)


def test_words_that_were_cut_before_are_encoded_one_by_one():
    known = WordVocabulary.from_texts(["the duck is here"])
    assert known.encode(["the", "duck", "?"]).tolist() == [*known.encode("the duck").tolist(), known.unknown_id]
    for wrong in (5, ["a", 1], None, b"a"):
        with pytest.raises(DataError, match="expected str"):
            known.encode(wrong)


def test_given_words_are_lowered_and_composed_as_those_of_a_text_are():
    known = WordVocabulary.from_texts(["é the"])
    assert known.encode(["É", "é", "e\u0301", "The"]).tolist() == known.encode("É é e\u0301 The").tolist()


def test_a_curly_apostrophe_of_given_words_is_that_of_a_text():
    known = WordVocabulary.from_texts(["don’t l'eau"])
    for word in ("don’t", "don't", "DON’T", "l’eau"):
        assert known.encode([word]).tolist() == known.encode(word).tolist() != [known.unknown_id]


def test_no_words_are_one_unknown_word_in_a_text_and_in_a_list():
    known = WordVocabulary.from_texts(["a b"])
    for nothing in ("", "👍", [], ()):
        assert known.encode(nothing).tolist() == [known.unknown_id]
        assert known.encode(nothing).dtype == np.int64
