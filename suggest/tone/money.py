"""Money that a reply offers: how much, against which order, and with which words around it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from functools import cache

import re2

from suggest.tone.case import Case
from suggest.tone.promises import segment
from suggest.tone.reading import fold, spans, stands_in
from suggest.tone.rules import rule_book
from suggest.tone.signs import CURRENCIES

Spans = Iterator[tuple[int, int]]

SIGNS = {"€": "EUR", "£": "GBP", "¥": "JPY", "円": "JPY", "$": "", "us$": "USD", "ca$": "CAD", "a$": "AUD", "r$": "BRL"}
_CODE = r"(?:eur|usd|gbp|jpy|cad|aud|mxn)\b"
_NAME = (
    r"(?:eur(?:os?|ill?os?|ini|itos?|etti|onen)|dollars?|bucks?|dolar(?:es|itos)?|dollari|pounds?|quid|libras?|livres?|sterline"
    r"|pfund|pesos?|yen(?:es)?)\b"
    r"|ユーロ|ドル|ポンド"
)
_CURRENCY = re2.compile(_NAME)
_DIGITS = r"\d{1,3}(?:[., ' ]\d{3})+(?:[.,]\d{1,2})?|\d{1,7}(?:[.,]\d{1,2})?"
_THOUSANDS = re.compile(r"\d{1,3}(?:[., '\u00a0]\d{3})+")
_PARTS = re.compile(
    rf"(?:^|[^\d.,\-])(?:((?:us|ca|au?|r|nz|s)?\$|[€£¥]|\b{_CODE}) ?({_DIGITS})"
    rf"|({_DIGITS}) ?([€£¥円$]|{_CODE}|{_NAME}))",
    re.ASCII,
)
_AMOUNT = re2.compile(re.sub(r"\((?!\?)", "(?:", _PARTS.pattern))  # the same in one piece, which is found far sooner
_PERCENT = re.compile(
    r"(?<![\d.,])(\d{1,3}(?:[.,]\d{1,2})?) ?"
    r"(?:%|percent\b|per cent\b|prozent\b|pour ?cent\b|por ciento\b|per cento\b|パーセント)"
)
_TENTHS = re.compile(r"(?<![\d.,役分])([\d一二三四五六七八九])割(?!れ|り|当)")
_UNIT = r"(?:[mck]?m|m[lg]|k?g|l|v|m?a|k?wh?|[mgk]?hz|mah|h|uhr|ore|zoll|inch(?:es)?|in|ft|lbs?|oz|db|bar|grad|x)\b"
_BARE = re.compile(rf"(?<![\d.,:/$€£¥v])\d{{1,4}}[.,]\d\d(?![\d.,]?\d|[%:/$€£¥°]| ?{_UNIT})")
_WHOLE = re.compile(
    r"(?<![\d.,:/$€£¥])\d{1,4}(?= ?[;:!?)]|[.,](?!\d)|$"
    r"| (?:for|per|fur|pour|por|als|as|come|como|on top|extra|drauf|dazu|en plus|mas|in piu)\b)"
)
_APART = re.compile(r"[),;:\d]")  # between a share and a price of which it is none: TVA (20 %) 15,87 €, total
_DAY = re.compile(r"(?:0?[1-9]|[12]\d|3[01])\.(?:0[1-9]|1[0-2])")
_KANJI = re.compile(r"[一二三四五六七八九十百千万]{1,9}(?=円)")
_KANJI_DIGITS = {c: i for i, c in enumerate("一二三四五六七八九", 1)}
_KANJI_TENS = {"十": 10, "百": 100, "千": 1000}
# Word lists of shares of the price, and what each is worth
SHARES = {
    "half": Decimal("0.5"),
    "third": Decimal(1) / 3,
    "two_fifths": Decimal("0.4"),
    "two_thirds": Decimal(2) / 3,
    "quarter": Decimal("0.25"),
    "three_quarters": Decimal("0.75"),
    "fifth": Decimal("0.2"),
    "tenth": Decimal("0.1"),
}


@dataclass(frozen=True)
class Offer:
    """Something that the buyer gets on top: an amount, or a share of the price."""

    start: int
    end: int
    amount: Decimal | None = None
    share: Decimal | None = None
    currency: str = ""


def number(written: str) -> Decimal:
    """The value of a number in any of the marketplaces' forms.

    >>> [str(number(n)) for n in ("1.234,50", "1,234.50", "1 234,50", "3,120", "12,5", "7")]
    ['1234.50', '1234.50', '1234.50', '3120', '12.5', '7']
    """
    bare = written.rstrip(".,")
    if _THOUSANDS.fullmatch(bare):
        return Decimal(re.sub(r"\D", "", bare))
    whole, _, rest = re.sub(r"[ '\u00a0]", "", bare).replace(",", ".").rpartition(".")
    return Decimal(f"{whole.replace('.', '')}.{rest}" if whole else rest)


def offers(case: Case) -> list[Offer]:
    """Every compensation that the reply offers, in the order of the text.

    A sum below the order total is one, whatever verb moves it, unless it is named as something else: the full price,
    which is a remedy, a price or a cost, the money for a part that came back, a sum that the buyer asked for, or a
    refusal. Before a purchase, and where no total is known, the words must say that money goes to the buyer.
    """
    if not case.occurring.may_hold("sign: currency", "sign: share", "added", *SHARES):
        return []
    found = case.once("offers", lambda: (o for o in _amounts(case) if _is_offered(case, o)))
    return sorted(found, key=lambda o: o.start)


def _amounts(case: Case) -> Iterator[Offer]:
    yield from sums(case)
    if "sign: share" in case.occurring:
        yield from _percents(case)
    for name, share in SHARES.items():
        yield from (Offer(a, b, share=share) for a, b in case.where(name))
    if "added" in case.occurring:  # "40,00 € and another 15,00": the second needs no sign of its own
        known = [(o.start, o.end) for o in sums(case)]
        for m in _BARE.finditer(case.plain):
            if case.reading.language != "en" and _DAY.fullmatch(m.group()):
                continue  # 27.11. is a day where prices have commas
            said = case.says("added", *segment(case, m.start(), m.end()))
            if said and not any(a < m.end() and m.start() < b for a, b in known):
                yield Offer(m.start(), m.end(), amount=number(m.group()))
        for m in _WHOLE.finditer(case.plain) if known else ():  # "40,00 € and another 15, for the trouble"
            if stands_in(case.word("another"), case.plain[max(0, m.start() - 20) : m.start()]):
                yield Offer(m.start(), m.end(), amount=number(m.group()))


def _percents(case: Case) -> Iterator[Offer]:
    for m in _PERCENT.finditer(case.plain):
        if number(m[1]):  # at 0 % it goes out
            yield Offer(m.start(), _end_of_share(case, m.end()), share=number(m[1]) / 100)
    for m in _TENTHS.finditer(case.plain):
        yield Offer(m.start(), m.end(), share=Decimal(_KANJI_DIGITS.get(m[1]) or int(m[1])) / 10)
    spoken, values = _spoken(case.reading.language)
    for m in spoken.finditer(case.plain):
        if m[2]:
            yield Offer(m.start(), _end_of_share(case, m.end()), share=Decimal(values[m[1]]) / 100)


def _end_of_share(case: Case, end: int) -> int:
    """Where a share ends that is a share of the price: "35 % of what you paid" is one."""
    after = case.plain[end : end + 50]
    of = case.word("of_price").search(after)
    is_near = of and of.start() < 12 and not _APART.search(after[: of.start()]) and of.group().strip() != "it"
    return end + (of.end() if of and is_near else 0)


@cache
def _spoken(language: str) -> tuple["re2._Regexp", dict[str, int]]:
    """Number words before "percent" or the name of a currency, and their values: the language's [numbers]."""
    values = {fold(word): value for word, value in rule_book(language).numbers.items()}
    words = "|".join(sorted(values, key=len, reverse=True)) or r"\d{9}"
    percent = r"percent|per cent|prozent|pour ?cent|por ciento|per ?cento|パーセント"
    return re2.compile(rf"\b({words})[ \-]?(?:({percent})|({_NAME}))"), values


def sums(case: Case) -> list[Offer]:
    """Every sum of money that the reply names, offered or not; also in words: fifteen euros, 五百円."""
    return case.once("sums", lambda: _sums(case))


def _sums(case: Case) -> Iterator[Offer]:
    if "sign: currency" in case.occurring:
        found = (_PARTS.match(case.plain, start) for start, _ in spans(_AMOUNT, case.plain))
        yield from (_sum(m) for m in found if m)
    if case.reading.language == "ja":
        for m in _KANJI.finditer(case.plain):
            yield Offer(m.start(), m.end() + 1, amount=Decimal(kanji_number(m.group())), currency="JPY")
    elif "sign: currency" in case.occurring and stands_in(_CURRENCY, case.plain):
        spoken, values = _spoken(case.reading.language)
        for m in spoken.finditer(case.plain):
            if m[3]:
                yield Offer(m.start(), m.end(), amount=Decimal(values[m[1]]), currency=_currency(m[3]))


def kanji_number(written: str) -> int:
    """The value of a number in kanji.

    >>> [kanji_number(n) for n in ("五百", "千二百", "三千", "一万五千")]
    [500, 1200, 3000, 15000]
    """
    whole = part = digit = 0
    for char in written:
        if char == "万":
            whole, part, digit = whole + (part + digit or 1) * 10_000, 0, 0
        elif char in _KANJI_TENS:
            part, digit = part + (digit or 1) * _KANJI_TENS[char], 0
        else:
            digit = _KANJI_DIGITS[char]
    return whole + part + digit


def _sum(m: re.Match[str]) -> Offer:
    before, first, second, after = m.groups()
    code = _currency(before or after)
    return Offer(m.start(1 if before else 3), m.end(), amount=number(first or second), currency=code)


def _currency(sign: str) -> str:
    return SIGNS.get(sign) or next((c for w, c in CURRENCIES.items() if sign.startswith(w)), "")


def _is_offered(case: Case, offer: Offer) -> bool:
    sentence = case.reading.sentence_at(offer.start)
    clause = _clause(case, offer, sentence)
    if case.reading.is_quoted(offer.start, offer.end) or case.says("refused", *clause):
        return False
    if offer.share and case.says("impossible", offer.end, sentence[1]):  # half of it and you keep it: not possible
        return False
    if _is_named_otherwise(case, offer, clause) or case.says("paid_with", *sentence):
        return False
    if case.says("part_back", *sentence) and not case.says("kept", *sentence):  # half, as one of two chairs came back
        return False
    if case.is_presale:
        return offer.amount is not None and case.says("handed", *sentence)
    total = case.order.order_total if case.order else None
    if offer.amount is not None and total is not None and offer.amount < total:
        return True
    if case.says("on_top", *clause) or case.says("added", *clause):
        return offer.amount is not None or case.says("offered", *sentence)
    if offer.share and total is not None and _names_the_price(case, offer):
        return True
    if not case.says("offered", *sentence) and not case.says("kept", *sentence):
        return False
    if total is None:  # a bare refund may be the whole price
        return case.says("given_extra", *sentence) or "goodwill" in case.occurring or case.says("kept", *sentence)
    return True


def _names_the_price(case: Case, offer: Offer) -> bool:
    """True for "a third of what you paid"; "a third" alone may be a turn of a screw."""
    return any(a < b for a, b in spans(case.word("of_price"), case.plain[offer.start : offer.end]))


def _clause(case: Case, offer: Offer, sentence: tuple[int, int]) -> tuple[int, int]:
    """The clause around an offer; of a sum that stands alone between commas, with all that comes before it."""
    first, last = segment(case, offer.start, offer.end)
    return (sentence[0], last) if len(case.plain[first:last].split()) < 4 else (first, last)


def _is_named_otherwise(case: Case, offer: Offer, clause: tuple[int, int]) -> bool:
    """True for what the buyer asks for, a cost, or the whole price; "of what you paid" belongs to the share itself."""
    if case.says("demanded", *clause) or _is_whole_price(case, offer, clause):
        return True
    if case.says("came_back", *clause) and not case.says("kept", *clause):
        return True
    after = offer.end
    if "off_price" in case.occurring:  # "8 dollars off what you paid": what was paid is no cost
        after += next((b for _, b in spans(case.word("off_price"), case.plain[after : clause[1]])), 0)
    before = offer.end if offer.share is None else offer.start  # "from 29 €" is a threshold
    return case.says("cost", clause[0], before) or case.says("cost", after, clause[1])


def _is_whole_price(case: Case, offer: Offer, clause: tuple[int, int]) -> bool:
    if (offer.share or 0) >= 1:
        return True
    total = case.order.order_total if case.order else None
    if offer.amount is not None and total is not None and total in (offer.amount, _paid_together(case, offer)):
        return True
    return case.says("whole_price", *clause) and not (case.says("added", *clause) or offer.share)


def _paid_together(case: Case, offer: Offer) -> Decimal:
    """What all sums of the sentence make, the price and the postage, where none is added to another."""
    first, last = case.reading.sentence_at(offer.start)
    if case.says("added", first, last):
        return Decimal(0)
    return sum((o.amount for o in sums(case) if o.amount and first <= o.start < last), Decimal(0))


def cap(total: Decimal, share: Decimal, currency: str) -> Decimal:
    """The most that may be offered: a share of the total, rounded down to the currency's smallest unit.

    >>> cap(Decimal("19.99"), Decimal("0.20"), "USD"), cap(Decimal("2799"), Decimal("0.20"), "JPY")
    (Decimal('3.99'), Decimal('559'))
    """
    from babel.numbers import get_currency_precision

    unit = Decimal(1).scaleb(-get_currency_precision(currency or "USD"))
    return (total * share).quantize(unit, rounding=ROUND_DOWN)


def over_the_cap(case: Case) -> Spans:
    """Offers above the seller's share of the order total, a second offer, or one of an order with no known total."""
    if case.order is None:
        return
    given = offers(case)
    for i, o in enumerate(given):
        if _is_too_much(case, [o]) or _is_second(case, o, given[:i]):
            yield o.start, o.end


def _is_too_much(case: Case, given: list[Offer]) -> bool:
    order = case.order
    total = order.order_total if order else None
    if total is None:
        return any(o.amount is not None or (o.share or 0) > case.compensation_share for o in given)
    worth = sum(o.amount if o.amount is not None else (o.share or 0) * total for o in given)
    return worth > (
        cap(total, case.compensation_share, (order and order.currency) or "")
        if all(o.share is None for o in given)
        else total * case.compensation_share
    )


def _is_second(case: Case, offer: Offer, before: list[Offer]) -> bool:
    """True for what is added to money that this buyer had ("as last month"), or has in the same reply."""
    clause = segment(case, offer.start, offer.end)
    if case.says("as_before", *case.reading.sentence_at(offer.start)):
        return True
    if case.says("added", *clause):
        named = (o for o in sums(case) if o.start < offer.start)
        had = any(not _is_named_otherwise(case, o, segment(case, o.start, o.end)) for o in named)
        return bool(before) or had or "paid_before" in case.occurring
    earlier = [o for o in before if o.amount is not None and o.amount != offer.amount]
    return offer.amount is not None and bool(earlier) and _is_too_much(case, [earlier[-1], offer])


def without_goodwill(case: Case) -> Spans:
    """The first offer of a reply that lacks one half of the statement: goodwill, and no admission of liability."""
    if "goodwill" in case.occurring and "no_admission" in case.occurring:
        return
    given = offers(case)
    if given:
        yield given[0].start, given[0].end
    elif not case.is_presale:
        for start, end in case.where("gift"):
            said = case.reading.sentence_at(start)
            if not (case.reading.is_quoted(start, end) or case.says("denied", *said) or case.says("paid_with", *said)):
                yield start, end
