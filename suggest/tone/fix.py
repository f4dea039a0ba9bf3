"""Puts right what needs no judgement: characters, width, line breaks, doubled words, and rewrites that say so."""

import html
import re
import unicodedata
from collections.abc import Callable, Sequence

from suggest.tone.rules import Finding, Rule
from suggest.tone.team import TeamRules, shipped

ROUNDS = 4  # what one correction uncovers the next puts right; a text that still moves stays as it then is
_WIDE = str.maketrans("。、「」『』｡､｢｣", '.,"""".,""')
_LOST = re.compile("[\ufffd\ud800-\udfff\ue000-\uf8ff]")  # a letter stood here, and nobody knows which
_BREAK = re.compile("\r\n|[\n\r\u2028\u2029\x85]")


def as_latin(found: str) -> str | None:
    """Full-width signs as a Western keyboard writes them; words of another script are for a translator.

    >>> as_latin("，"), as_latin("ＵＳＢ　３"), as_latin("开始")
    (',', 'USB 3', None)
    """
    plain = unicodedata.normalize("NFKC", found.translate(_WIDE))
    return plain if plain.isascii() else None


def as_full_kana(found: str) -> str | None:
    """Half-width kana in full width; a Chinese character is for a person.

    >>> as_full_kana("ﾊﾟｯｸ"), as_full_kana("们")
    ('パック', None)
    """
    wide = unicodedata.normalize("NFKC", found)
    return wide if wide != found and "\uff61" <= found[0] <= "\uff9f" else None


def without_control(found: str) -> str | None:
    """Nothing for what does not show; None where a letter was lost.

    >>> without_control("\\u200b"), without_control("\\ufffd")
    ('', None)
    """
    return None if _LOST.search(found) else ""


def two_breaks(found: str) -> str:
    """One empty line, with the line ends of the text."""
    first = _BREAK.match(found)
    return (first[0] if first else "\n") * 2


def as_text(found: str) -> str | None:
    """The sign that an HTML entity stands for, a line break for a break; other markup is for a person.

    >>> as_text("&uuml;"), as_text("<br/>"), as_text("<b>")
    ('ü', '\\n', None)
    """
    if re.fullmatch(r"<br\s?/?>", found, re.IGNORECASE):
        return "\n"
    sign = html.unescape(found).replace("\xa0", " ")
    return sign if found.startswith("&") and len(sign) == 1 and sign.isprintable() else None


def once(found: str) -> str | None:
    """The first of two equal words.

    >>> once("the the")
    'the'
    """
    words = found.split()
    return words[0] if len(words) == 2 else None


CORRECTIONS: dict[str, Callable[[str], str | None]] = {
    "residue": as_latin,
    "simplified": as_full_kana,
    "control": without_control,
    "breaks": two_breaks,
    "markup": as_text,
    "doubled": once,
}


def correction(finding: Finding, team: TeamRules) -> str | None:
    """What may stand in the place of a finding without a person reading it; None if nothing may."""
    rule = _rule(finding.rule, team)
    if rule is None or finding.start >= finding.end:
        return None
    if rule.kind in CORRECTIONS:
        return CORRECTIONS[rule.kind](finding.text)
    if not rule.safe or "{" in rule.instead or (rule.kind == "register" and not finding.instead):
        return None
    instead = finding.instead
    return instead[0].upper() + instead[1:] if finding.text[0].isupper() else instead


def _rule(name: str, team: TeamRules) -> Rule | None:
    own = next((rule for rule in team.own if rule.id == name), None)
    return own or next((rule for _, rule in shipped().get(name, ())), None)


def corrected(text: str, check: Callable[[str], Sequence[Finding]], team: TeamRules) -> str:
    """The text with everything put right that needs no judgement; `check` says what is wrong with a text.

    >>> from suggest.tone.check import check
    >>> corrected("It is in the the box，ready.\\n\\n\\nBye", lambda t: check(t, language="en"), TeamRules())
    'It is in the box, ready.\\n\\nBye'
    """
    for _ in range(ROUNDS):
        edits = [(f.start, f.end, new) for f in check(text) if (new := correction(f, team)) is not None]
        after = _with(text, edits)
        if after == text:
            break
        text = after
    return text


def _with(text: str, edits: Sequence[tuple[int, int, str]]) -> str:
    """The text with spans replaced, from the end; of two that overlap, the later one waits for the next round."""
    kept: list[tuple[int, int, str]] = []
    last = 0
    for start, end, new in sorted(edits):
        if start >= last:
            kept.append((start, end, new))
            last = end
    for start, end, new in reversed(kept):
        after = text[end : end + 1]
        blank = " " if new[-1:] in (",", ".", ";", ":", "!", "?") and after.isalpha() and new != text[start:end] else ""
        text = text[:start] + new + blank + text[end:]
    return text
