"""How a buyer is addressed: by name where the name is one, with the title they use, and never with a guessed gender."""

import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

import re2

from suggest.templates import LANGUAGES, Letter, fold, letter

LONGEST = 40  # characters; what is longer is a title, an address or a joke
MOST_WORDS = 5

_WORDS = tomllib.loads(Path(__file__).with_name("names.toml").read_text(encoding="utf-8"))
_HONORIFIC = re2.compile(r"\s*(?:様|さま|さん|殿|氏|ちゃん|くん|君)$")
_WESTERN = re2.compile(r"[\p{Latin}\p{M}' .,‐-]+")
_JAPANESE = re2.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}ー々・ヶ\p{Latin}\p{M}' .,-]+")
_CASED = re2.compile(r"[\p{L}\p{M}]+")


def greeting(name: str | None, language: str, words: Letter) -> tuple[str, bool]:
    """The salutation, and whether it holds the name.

    >>> english = letter("en", "UK")
    >>> greeting("Mr COLIN FARADAY", "en", english), greeting("Ｍａｒｉａ　Ｒｏｓｓｉ", "en", english)
    (('Dear Mr Faraday,', True), ('Dear Maria Rossi,', True))
    >>> greeting("nan", "en", english), greeting("x" * 200, "en", english), greeting("佐々木 由美", "en", english)
    (('Hello,', False), ('Hello,', False), ('Hello,', False))
    """
    clean = clean_name(name or "", language)
    if not clean:
        return words.unnamed, False
    title, rest = _title(clean)
    form = {"mr": words.mr, "ms": words.ms}.get(title, words.named)
    if title and language not in ("ja", "zh"):
        rest = _last_name(rest, language)
    if language == "en" and _bare(rest.split(" ")[0]) in _WORDS["degrees"]:
        form = words.named  # Dear Dr. Okoro; a Frau Dr. Okoro keeps both
    if title == "both" or not rest:
        return words.unnamed, False
    return form.replace("{name}", _cased(rest)), True


@lru_cache(maxsize=4096)
def clean_name(name: str, language: str) -> str | None:
    """A name without width, control and markup, or None for what is no name a letter can begin with.

    >>> clean_name("  sandmeyer,  volker ", "de"), clean_name("佐々木 由美様", "ja"), clean_name("Order 302-1", "en")
    ('Volker Sandmeyer', '佐々木 由美', None)
    >>> clean_name("Fischer GmbH", "de"), clean_name("Anna\\u200b Berg 🙂", "de")
    (None, None)
    """
    text = unicodedata.normalize("NFKC", name[: LONGEST * 4])
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co") or c in "\t\n")
    text = " ".join(text.replace("’", "'").split()).strip(" ,.-")
    if language == "ja":
        text = _HONORIFIC.sub("", text)
    if language == "ja" and not is_japanese(text):
        return None
    alphabet = _JAPANESE if language == "ja" else _WESTERN
    if not text or len(text) > LONGEST or not alphabet.fullmatch(text):
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 2 or not all(parts):
        return None
    text = " ".join(reversed(parts))
    tokens = [_bare(token) for token in text.split()]
    if len(tokens) > MOST_WORDS + 1 or any(t in _WORDS["nobody"] for t in tokens) or _is_company(text, tokens):
        return None
    letters = sum(map(len, _CASED.findall(text)))
    if letters < (1 if language == "ja" else 2) or (text.isascii() and not any(c in "aeiouyAEIOUY" for c in text)):
        return None
    return _cased(text)


def is_carrier(name: str) -> bool:
    """False for what tools write where they know none.

    >>> is_carrier("DHL"), is_carrier("Other"), is_carrier("その他")
    (True, False, False)
    """
    return fold(name).strip(" .") not in _WORDS["no_carrier"]


def is_japanese(text: str) -> bool:
    """True if Japan has every character: its Windows code page holds 髙 and 﨑, but no simplified Chinese."""
    try:
        text.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


def _is_company(text: str, tokens: list[str]) -> bool:
    return (len(tokens) > 1 and tokens[-1] in _WORDS["company"]) or any(
        mark in text for mark in _WORDS["japanese_company"]
    )


def _bare(token: str) -> str:
    return fold(token).replace(".", "").strip(",'-")


def _cased(text: str) -> str:
    """MARIA DE LA CRUZ -> Maria de la Cruz; a name in both cases stays as its owner writes it."""
    if not (text.isupper() or text.islower()) or len(text) < 3:
        return text
    first, *others = _CASED.sub(lambda m: m.group().capitalize(), text).split()
    return " ".join([first, *(t.lower() if t.lower() in _WORDS["particles"] else t for t in others)])


@cache
def _titles() -> Mapping[str, str]:
    """Every language's words for Mr and Ms: a Herr stays one in an English letter."""
    found: dict[str, str] = {}
    for language in LANGUAGES:
        try:
            words = letter(language)
        except ValueError:
            continue
        found |= {_bare(w): "mr" for w in words.mr_words} | {_bare(w): "ms" for w in words.ms_words}
    return found


def _title(name: str) -> tuple[str, str]:
    """("mr" | "ms" | "both" | "", the rest)."""
    tokens = name.split()
    titles: list[str] = []
    while tokens and (_bare(tokens[0]) in _titles() or (titles and tokens[0].casefold() in _WORDS["between"])):
        titles.append(_titles().get(_bare(tokens.pop(0)), ""))
    kinds = {t for t in titles if t}
    return ("both" if len(kinds) > 1 else min(kinds, default="")), " ".join(tokens)


def _last_name(name: str, language: str) -> str:
    """What follows Mr or Ms: degrees and the family name with its particles.

    >>> _last_name("Dr. Ilse Kornblum", "de"), _last_name("Anna von der Tann", "de")
    ('Dr. Kornblum', 'von der Tann')
    >>> _last_name("Juan García López", "es")
    'García López'
    """
    tokens = name.split()
    degrees = []
    while len(tokens) > 1 and _bare(tokens[0]) in _WORDS["degrees"]:
        degrees.append(tokens.pop(0))
    start = len(tokens) - (2 if language == "es" and len(tokens) > 2 else 1)
    while start > 1 and tokens[start - 1].casefold() in _WORDS["particles"]:
        start -= 1
    if start == 1 and tokens[0].casefold() in _WORDS["particles"]:
        start = 0
    return " ".join([*degrees, *tokens[max(start, 0) :]])
