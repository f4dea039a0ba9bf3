"""Takes personal data out of a text before anything is learned, logged or quoted in an error."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import re2

# The order matters: what is found first is not read again as a telephone number.
_IDENTIFIERS = re2.compile(
    r"(?i)(?P<mail>[\w.+-]+(?:@|＠| ?[\[(]at[\])] ?)[\w-]+(?:(?:\.| ?[\[(]dot[\])] ?)[\w-]+)+)"
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
    return _without_names(text)


def mask_each(texts: Sequence[str]) -> list[str]:
    """`mask` for each of many texts; what hardly any of them holds is looked for in all of them at once.

    >>> mask_each(["It is late.", "Call 030 1234567"])
    ['It is late.', 'Call ⟨phone⟩']
    """
    touched = set().union(*(where_found(pattern, texts) for pattern in (_IDENTIFIERS, _NAMES, _JAPANESE_NAMES)))
    return [mask(text) if i in touched else text for i, text in enumerate(texts)]


def where_found(pattern: "re2._Regexp", texts: Sequence[str]) -> set[int]:
    """Which of some texts may hold a match: all that do, and seldom another one. Lone surrogates are refused.

    The texts are searched as one, each a line of its own; a match that reaches into a further line counts for both.

    >>> where_found(re2.compile("[0-9]+"), ["one", "2", "three 3"])
    {1, 2}
    """
    if len(texts) == 1:
        return {0} if pattern.search(texts[0]) else set()
    lines = [text.encode("utf-8") for text in texts]
    ends = list(accumulate(len(line) + 1 for line in lines))
    found: set[int] = set()
    for match in pattern.finditer(b"\n".join(lines)):
        found.update(range(bisect_right(ends, match.start()), bisect_right(ends, match.end()) + 1))
    return found


def _without_names(text: str) -> str:
    text = _NAMES.sub(lambda m: f"{m['before']}⟨name⟩", text)
    return text if text.isascii() else _JAPANESE_NAMES.sub(lambda m: f"⟨name⟩{m['after']}", text)


# --- For people's eyes: only what is personal for certain, numbers of articles and parcels stay -----------------------

_AS_ASCII = str.maketrans("０１２３４５６７８９＠＋（）．\xa0‐‑–—ー－−", "0123456789@+(). -------")
_AT = r" ?(?:@|[\[(](?:at|ät|arroba|chiocciola|アット)[\])]) ?"
_DOT = r"(?:\.| ?[\[(](?:dot|punkt|point|punto|ドット)[\])] ?)"
_PERSONAL = re2.compile(
    rf"(?i)(?P<mail>[\w.+%-]+{_AT}[\w-]+(?:{_DOT}[\w-]+)*{_DOT}[a-z]{{2,24}})"
    r"|(?P<order>\b[0-9]{3}[ -]?[0-9]{7}[ -]?[0-9]{7}\b)"
    r"|(?P<iban>\b[a-z]{2}[0-9]{2}(?:[ -]?[a-z0-9]{4}){2,7}(?:[ -]?[a-z0-9]{1,4})?\b)"
    r"|(?P<digits>[+]?[(]?[0-9](?:[ ()./-]{0,3}[0-9]){6,})"
)
_CARDS = re2.compile(
    r"4[0-9]{15}(?:[0-9]{3})?|(?:5[1-5]|2[2-7])[0-9]{14}|3[47][0-9]{13}|3[0689][0-9]{12}|(?:35|6[0245])[0-9]{14,17}"
)
_CALLED = re2.compile(  # the word before a telephone number
    r"(?i)(?:\b(?:tel|phone|call|ring|reach|mobile?|cell|handy|whats ?app|fax|ruf|sms|t[ée]l[ée]phone?|appel|portable"
    r"|joindre|m[óo]vil|ll[áa]m|telefon|cellulare|chiam|line)|電話|携帯|連絡先|手机|电话|微信)\pL*[^\n0-9]{0,20}$"
)
_NO_PHONE = re2.compile(  # the word before another number
    r"(?i)(?:\b(?:ean|gtin|upc|isbn|sku|serial|serien|s/n|model|mod[èe]le|artikel|article|part|ref|réf|lot|charge|batch"
    r"|tracking|sendungs|suivi|seguimiento|spedizione|parcel|paket|colis|imei|ip|firmware|version|v)"
    r"|型番|品番|型号|序列号|製造番号|追跡|伝票|单号)\pL*[ .:#°º№]{0,3}(?:(?:no|nr|number|n)[ .:]{0,2})?$"
)
_NATIONAL = re2.compile(
    r"[(]?0[0-9() ./\-]{8,18}"  # most of the world
    r"|[(]?[2-9][0-9]{2}[)]?[ .\-]{0,2}[2-9][0-9]{2}[.\-][0-9]{4}|[(][2-9][0-9]{2}[)] ?[2-9][0-9]{2} [0-9]{4}"  # US
    r"|[6789][0-9]{2}[ .\-]?[0-9]{3}[ .\-]?[0-9]{3}|[6789][0-9]{2}(?:[ .\-][0-9]{2}){3}"  # Spain, Poland
    r"|3[0-9]{2}[ .\-]?[0-9]{3}[ .\-]?[0-9]{3,4}"  # Italy, mobile
    r"|1[3-9][0-9][ .\-]?[0-9]{4}[ .\-]?[0-9]{4}"  # China, mobile
)
_OTHER_NUMBER = re2.compile(
    r"[1-9][0-9]{0,2}(?:\.[0-9]{1,3}){3}|[0-9]{1,2}[./\-][0-9]{1,2}[./\-][0-9]{4}"
)  # an IP, a date


def mask_personal(text: str) -> str:
    """The text without e-mail addresses, order ids, IBANs, card and telephone numbers, and names where introduced.

    Unlike `mask`, which takes out all that a model should not learn, it leaves numbers of articles, parcels and
    versions, sizes, prices, dates and links, so that a person can still work with the text.

    >>> mask_personal("Call 030 1234567 or mail anna [at] example.com, order 302-1234567-7654321")
    'Call ⟨phone⟩ or mail ⟨mail⟩, order ⟨order⟩'
    >>> mask_personal("EAN 4006381333931, model 0123456789, 12 345 678 km, parcel 00340434161094042557, 100-240 V")
    'EAN 4006381333931, model 0123456789, 12 345 678 km, parcel 00340434161094042557, 100-240 V'
    """
    text = text.encode("utf-8", "replace").decode("utf-8")
    plain = text.translate(_AS_ASCII)  # as long as the text
    pieces, end = [], 0
    for found in _PERSONAL.finditer(plain):
        if shown := _personal(found, plain):
            pieces += [text[end : found.start()], shown]
            end = found.end()
    return _without_names("".join([*pieces, text[end:]]))


def _personal(match: "re2._Match", text: str) -> str:
    """What is shown in place of what was found, "" when it is nothing personal."""
    found = str(match.group())
    if match.lastgroup == "iban":
        return "⟨iban⟩" if _is_iban(found) else ""
    if match.lastgroup != "digits":
        return f"⟨{match.lastgroup}⟩"
    digits = "".join(c for c in found if c.isdecimal())
    if _CARDS.fullmatch(digits) and _luhn(digits):
        return "⟨card⟩"
    return "⟨phone⟩" if _is_phone(found, digits, text[max(0, match.start() - 40) : match.start()]) else ""


def _is_iban(text: str) -> bool:
    """Whether the check digits are right (ISO 13616).

    >>> _is_iban("GB29 NWBK 6016 1331 9268 19"), _is_iban("XX12 3456 7890 1234")
    (True, False)
    """
    plain = "".join(c for c in text.upper() if c.isalnum())
    if not 15 <= len(plain) <= 34 or not plain.isascii():
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def _is_phone(plain: str, digits: str, before: str) -> bool:
    """Whether a run of digits is a telephone number, by its form and by the word before it."""
    if not 7 <= len(digits) <= 15 or _NO_PHONE.search(before):
        return False
    if before[-1:].isalnum() and before[-1:].isascii():
        return False
    if plain.startswith("+") or (plain.startswith("00") and len(digits) >= 10) or _CALLED.search(before):
        return True
    return _NATIONAL.fullmatch(plain) is not None and _OTHER_NUMBER.fullmatch(plain) is None
