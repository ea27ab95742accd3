"""Characters and words as numbers."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..shared.array_type import array_given
from ..shared.checks import check_flags, check_kind, check_size, check_text, short

__all__ = ["CharVocabulary", "WordVocabulary", "spelled", "words"]


def __dir__() -> list[str]:
    return __all__


UNKNOWN = "\N{REPLACEMENT CHARACTER}"
PADDING, UNKNOWN_WORD = "<pad>", "<unknown>"  # no word of `words` holds a bracket
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")  # of ASCII
SPELLED = re.compile("a[am]*(?:'a[am]*)*")  # a letter or digit, m mark, ' apostrophe: Unicode's text segmentation, UAX 29
JOINERS = "\u200c\u200d"  # inside of words of Persian and of Indian languages


@dataclass(frozen=True)
class CharVocabulary:
    """Numbers the distinct characters of a text: `symbols[id]` is the character of an id, 0 to `len(vocabulary) - 1`.

    Build one with `from_text`. `unknown_id` is None, or an id after all characters, which then stands for every
    character not in the text. `padding_id` is None, or the last id: it fills rows up to a common length and is no
    character; its symbol is empty. Symbols that are not a tuple of distinct characters raise `DataError`.

    >>> import tinygrad_rnn as tg
    >>> letters = tg.data.vocab.CharVocabulary.from_text("hello")
    >>> letters.symbols, letters.encode("hole").tolist(), letters.decode([1, 0, 2, 2, 3])
    (('e', 'h', 'l', 'o'), [1, 3, 2, 0], 'hello')
    """

    symbols: tuple[str, ...]
    unknown_id: int | None = None
    padding_id: int | None = None

    def __post_init__(self) -> None:
        special = [i for i in (self.unknown_id, self.padding_id) if i is not None]
        characters = self.symbols[: min(special, default=len(self.symbols))]
        distinct = len(set(characters)) == len(characters) > 0
        if not isinstance(self.symbols, tuple) or not distinct or any(len(symbol) != 1 for symbol in characters):
            raise DataError("symbols are not a tuple of distinct characters", hint="CharVocabulary.from_text(text)")

    @classmethod
    def from_text(cls, text: str, *, unknown: bool = False, padding: bool = False) -> CharVocabulary:
        """The vocabulary of a text: its distinct characters, sorted; with `unknown` one id more, after all others.

        With `padding` there is one more after that. An empty text raises `DataError`.

        >>> import tinygrad_rnn as tg
        >>> open_ended = tg.data.vocab.CharVocabulary.from_text("abba", unknown=True)
        >>> len(open_ended), open_ended.unknown_id, open_ended.encode("abc").tolist()
        (3, 2, [0, 1, 2])
        >>> tg.data.vocab.CharVocabulary.from_text("abba", padding=True).padding_id
        2
        """
        check_text("text", text)
        check_flags("from_text", unknown=unknown, padding=padding)
        symbols = tuple(sorted(set(text)))
        unknown_id = len(symbols) if unknown else None
        padding_id = len(symbols) + unknown if padding else None
        return cls(symbols + (UNKNOWN,) * unknown + ("",) * padding, unknown_id, padding_id)

    def __len__(self) -> int:
        return len(self.symbols)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {symbol: i for i, symbol in enumerate(self.symbols) if i not in (self.unknown_id, self.padding_id)}

    def encode(self, text: str) -> NDArray[np.int64]:
        """The ids of a text's characters, `(characters,)`; none for an empty text.

        A character that is not in the vocabulary raises `DataError`, unless the vocabulary has an `unknown_id`.

        >>> import tinygrad_rnn as tg
        >>> tg.data.vocab.CharVocabulary.from_text("abc").encode("cab").tolist()
        [2, 0, 1]
        """
        if not isinstance(text, str):
            raise DataError(f"encode() of {type(text).__name__}, expected str", hint="Text objects: encode(text.text)")
        ids = self._ids
        if self.unknown_id is not None:
            return np.array([ids.get(character, self.unknown_id) for character in text], dtype=np.int64)
        for position, character in enumerate(text):
            if character not in ids:
                raise DataError(
                    f"unknown character {character!r} (U+{ord(character):04X}): not one of the {len(self)} known",
                    where=f"position {position} of {len(text)}",
                    hint="build the vocabulary from all of the text, or with from_text(text, unknown=True)",
                )
        return np.array([ids[character] for character in text], dtype=np.int64)

    def decode(self, ids: Sequence[int] | NDArray[Any]) -> str:
        """The text of a row of ids, `(characters,)`; `unknown_id` becomes U+FFFD, `padding_id` nothing.

        Ids below 0 or beyond the vocabulary, numbers that are not integers and more than one row raise `DataError`.

        >>> import tinygrad_rnn as tg
        >>> tg.data.vocab.CharVocabulary.from_text("abc").decode([2, 0, 1])
        'cab'
        """
        return "".join(self.symbols[i] for i in _checked_ids(ids, len(self), "characters"))


def words(text: str) -> list[str]:
    """The words of a text, in lower case: runs of letters and digits with their marks, which an apostrophe may join; all else divides.

    Accents may be composed or not: the words are the same (NFC). Writing without spaces, as in Thai or Chinese, is one word.

    >>> import tinygrad_rnn as tg
    >>> tg.data.vocab.words("It's AT&T's #1 re-run, isn't it?")
    ["it's", 'at', "t's", '1', 're', 'run', "isn't", 'it']
    >>> tg.data.vocab.words("की के का")
    ['की', 'के', 'का']
    """
    if not isinstance(text, str):
        raise DataError(f"the words of {short(text)}", hint="give a text")
    if text.isascii():
        return WORD.findall(text.lower())
    text = _folded(text)
    return [text[found.start() : found.end()] for found in SPELLED.finditer(spelled(text))]


def _folded(text: str) -> str:
    """In lower case, with composed accents and straight apostrophes: what is one word is written in one way."""
    return unicodedata.normalize("NFC", text.lower()).replace("’", "'")


def spelled(text: str, kept: str = "") -> str:
    """What each character is in a word: a letter or digit "a", a mark on one "m", an apostrophe "'", else "?"; some are kept.

    >>> from tinygrad_rnn.data.vocab import spelled
    >>> spelled("की l’eau!", kept=" ")
    "am a'aaa?"
    """

    for given in (text, kept):
        check_kind("spelled of", given, str, "give a text")

    def one(c: str) -> str:
        if c in kept:
            return c
        mark = c in JOINERS or unicodedata.category(c)[0] == "M"
        return "a" if c.isalnum() else "m" if mark else "'" if c in "'’" else "?"

    return "".join(map(one, text))


@dataclass(frozen=True)
class WordVocabulary:
    """Numbers words: 0 is padding, 1 every word not known, then the words, frequent ones first.

    Build one with `from_texts`. `symbols[id]` is the word of an id. Symbols that do not start with the two special ones,
    or repeat one, raise `DataError`.

    >>> import tinygrad_rnn as tg
    >>> known = tg.data.vocab.WordVocabulary.from_texts(["this song is good", "this film is not good"])
    >>> known.symbols
    ('<pad>', '<unknown>', 'good', 'is', 'this', 'film', 'not', 'song')
    >>> known.encode("This song is dull!").tolist(), known.decode([4, 7, 3, 1, 0])
    ([4, 7, 3, 1], 'this song is <unknown>')
    """

    symbols: tuple[str, ...]
    padding_id = 0
    unknown_id = 1

    def __post_init__(self) -> None:
        special = self.symbols[:2] == (PADDING, UNKNOWN_WORD)
        if not isinstance(self.symbols, tuple) or not special or len(set(self.symbols)) < len(self.symbols):
            raise DataError("symbols are not a tuple of distinct words", hint="WordVocabulary.from_texts(texts)")

    @classmethod
    def from_texts(cls, texts: Iterable[str], smallest_count: int = 1, largest: int | None = None) -> WordVocabulary:
        """The words of some texts, cut by `words`: those that occur `smallest_count` times or more, `largest` ids at most.

        Words of equal count are in the order of the alphabet. Make it from the training texts alone: the words of the
        others are then unknown, as they will be later. No texts, or texts without a word, raise `DataError`.

        >>> from tinygrad_rnn.data.vocab import WordVocabulary
        >>> len(WordVocabulary.from_texts(["a b b", "c b a"], smallest_count=2)), len(WordVocabulary.from_texts(["a b c"], largest=3))
        (4, 3)
        """
        if isinstance(texts, str):
            raise DataError("texts is one str, expected several", hint="a list of texts: [text]")
        check_kind("a vocabulary from", texts, Iterable, "a list of texts: [text, ...]")
        smallest_count = check_size("smallest_count", smallest_count, 1)
        largest = None if largest is None else check_size("largest", largest, 3)  # padding, unknown, one word
        counts: Counter[str] = Counter()
        for text in texts:
            if not isinstance(text, str):
                raise DataError(f"a text is {type(text).__name__}, expected str", hint="Text objects: pass their .text")
            counts.update(words(text))
        if not counts:
            raise DataError("texts without a single word", hint="a word is a run of letters or digits")
        known = sorted((word for word, n in counts.items() if n >= smallest_count), key=lambda word: (-counts[word], word))
        return cls((PADDING, UNKNOWN_WORD, *known)[:largest])

    def __len__(self) -> int:
        return len(self.symbols)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {symbol: i for i, symbol in enumerate(self.symbols)}

    def encode(self, text: str | Sequence[str]) -> NDArray[np.int64]:
        """The ids of a text's words, `(words,)`, or of words that are given as a list, in lower case too.

        A text without a word, such as one of emoji alone, is one unknown word, as is an empty list: a model reads at least one step.

        >>> import tinygrad_rnn as tg
        >>> known = tg.data.vocab.WordVocabulary.from_texts(["a b"])
        >>> known.encode("b, c?").tolist(), known.encode(["b", "c", "?"]).tolist(), known.encode("👍").tolist()
        ([3, 1], [3, 1, 1], [1])
        """
        given = [text] if isinstance(text, str) else text
        if not isinstance(given, (list, tuple)) or not all(isinstance(word, str) for word in given):
            raise DataError(f"encode() of {type(text).__name__}, expected str", hint="one text, or a list of its words")
        found = words(text) if isinstance(text, str) else map(_folded, text)
        return np.array([self._ids.get(word, self.unknown_id) for word in found] or [self.unknown_id], dtype=np.int64)

    def decode(self, ids: Sequence[int] | NDArray[Any]) -> str:
        """The words of a row of ids, `(words,)`, with a space between; padding is left out. Raises as `CharVocabulary.decode`."""
        return " ".join(self.symbols[i] for i in _checked_ids(ids, len(self), "words") if i != self.padding_id)


def _checked_ids(ids: Sequence[int] | NDArray[Any], size: int, things: str) -> NDArray[Any]:
    """A row of ids below `size`, or a DataError."""
    row = array_given("decode() of", ids, "decode one row at a time", DataError)
    if row.ndim != 1:
        raise DataError(f"decode() of shape {row.shape}, expected ({things},)", hint="decode one row at a time")
    if row.size and row.dtype.kind not in "iu":
        raise DataError(f"decode() of {row.dtype} values, expected integers", hint="take argmax or a sample first")
    wrong = np.flatnonzero((row < 0) | (row >= size))
    if wrong.size:
        raise DataError(
            f"id {row[wrong[0]]} is outside 0..{size - 1}",
            where=f"position {wrong[0]} of {row.size}",
            hint="decode with the vocabulary that the ids were made with",
        )
    return row
