"""Takes personal data out of a text before anything is learned, logged or quoted in an error."""

import re2

# The order matters: what is found first is not read again as a telephone number.
_IDENTIFIERS = re2.compile(
    r"(?i)(?P<mail>[\w.+-]+(?:@|＠| ?[\[(]at[\])] ?)[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<link>(?:https?://|www\.)[^\s<>\"']+"
    r"|[\w.-]+\.(?:com|net|org|info|shop|store|cn|de|fr|es|it|jp|uk|ly|me|example)\b(?:/[^\s<>\"']*)?)"
    r"|(?P<order>[0-9０-９]{3}[-－‐–ー ]?[0-9０-９]{7}[-－‐–ー ]?[0-9０-９]{7})"
    r"|(?P<iban>\b[a-z]{2}[0-9]{2}(?: ?[a-z0-9]{4}){3,7}(?: ?[a-z0-9]{1,3})?\b)"
    r"|(?P<asin>\bb0[a-z0-9]{8}\b)"
    r"|(?P<tracking>\b[a-z]{2,4}[0-9]{8,}[a-z]{0,3}\b)"
    r"|(?P<date>\b[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{2,4}\b)"
    r"|(?P<digits>[+＋]?[(（]?[0-9０-９](?:[ ()（）./\-－‐–ー]{0,2}[0-9０-９]){6,})"
)
_NAMES = re2.compile(
    r"(?P<before>\b"
    r"(?:[Mm]y name is|[Ii]ch heiße|[Mm]ein Name ist|[Jj]e m'appelle|[Mm]e llamo|[Mm]i nombre es|[Mm]i chiamo"
    r"|[Rr]egards|[Cc]heers|[Gg]rüße|[Gg]ruß|[Gg]rüssen?|[Cc]ordialement|[Ss]alutations|[Ss]aludos|[Ss]aluti|[Aa]tentamente)[,!.]?\s+)"
    r"(?:\p{Lu}[\p{L}'’.-]+\s?){1,3}"
)
_JAPANESE_NAMES = re2.compile(
    r"(?P<name>[\p{Han}\p{Katakana}]{1,8})(?P<after>と申します|ともうします|と言います|といいます)"
)


def _luhn(digits: str) -> bool:
    total = sum(sum(divmod(2 * int(d), 10)) if i % 2 else int(d) for i, d in enumerate(reversed(digits)))
    return total % 10 == 0


def _identifier(match: "re2._Match") -> str:
    kind = match.lastgroup
    if kind == "date":
        return match.group()
    if kind != "digits":
        return f"⟨{kind}⟩"
    digits = "".join(str(int(c)) for c in match.group() if c.isdecimal())
    if 13 <= len(digits) <= 19 and _luhn(digits):
        return "⟨card⟩"
    return "⟨phone⟩" if len(digits) <= 15 else "⟨number⟩"


def mask(text: str) -> str:
    """The text without e-mail, links, order ids, IBAN, card and telephone numbers, and names where they are introduced.

    >>> mask("Mail me: anna@example.com, order 302-1234567-7654321, tel. 030 1234567. My name is Anna Berg")
    'Mail me: ⟨mail⟩, order ⟨order⟩, tel. ⟨phone⟩. My name is ⟨name⟩'
    >>> mask("4111 1111 1111 1111 / DE89 3704 0044 0532 0130 00 / 5 x 230 V, 1.234,50 €")
    '⟨card⟩ / ⟨iban⟩ / 5 x 230 V, 1.234,50 €'
    """
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = _IDENTIFIERS.sub(_identifier, text)
    text = _NAMES.sub(lambda m: f"{m['before']}⟨name⟩", text)
    return _JAPANESE_NAMES.sub(lambda m: f"⟨name⟩{m['after']}", text)
