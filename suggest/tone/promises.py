"""When a promise is no open promise: it has a bound, it tells the buyer what to do, or it is denied or quoted."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice

from suggest.tone.case import Case
from suggest.tone.reading import spans, stands_in

_WE_DO_THEM = re.compile(r"\b[Ww]ir (?!bitten|ersuchen|fragen)\w+ sie$")
_WAITING = re.compile("ご?安心(?:して)?(?:くださ|下さ)い|お待ち(?:くださ|下さ)い")  # nothing that a buyer does
DECLINED = 120  # characters after what is named in which a refusal may stand


def segment(case: Case, start: int, end: int) -> tuple[int, int]:
    """The clause around a span: from the last comma or joint before it to the next one after it."""
    first, last = sentence = case.reading.sentence_at(start)
    for a, b in case.once(sentence, lambda: _joints(case, *sentence)):
        if b <= start:
            first = b
        elif end <= a:
            last = a
            break
    return first, last


def _joints(case: Case, first: int, last: int) -> Iterator[tuple[int, int]]:
    """The places where one clause of a sentence meets the next; the Italian "è" is no "e"."""
    for m in case.word("joint").finditer(case.plain, first, last):
        if case.reading.shown[m.start() : m.end()].strip() != "è":
            yield m.span()


def is_bounded(case: Case, start: int, end: int) -> bool:
    """True if the clause says by when: a date, a weekday, a clock time, a period, "today".

    A day elsewhere in the sentence counts too ("as soon as possible, and by 5 May at the latest"), but not a day in
    the past ("you ordered on 3 May and it will come soon").
    """
    sentence = case.reading.sentence_at(start)
    mine = segment(case, start, end)
    bounds = case.where("bound")
    near = islice(bounds, bisect_left(bounds, (sentence[0], 0)), bisect_left(bounds, (sentence[1], 0)))
    if any(b <= sentence[1] and not _is_past(case, a, b, mine) for a, b in near):
        return True
    return _follows_a_bound(case, sentence, mine)


def _is_past(case: Case, start: int, end: int, mine: tuple[int, int]) -> bool:
    """True if this day lies behind us: "your message of 3 May", or a clause of its own in the past."""
    around = segment(case, start, end)
    if case.says("limit", max(around[0], start - 15), start) or case.says("due", around[0], start):
        return False
    if stands_in(case.word("past_day"), case.plain[max(around[0], start - 40) : start]):
        return True
    if case.word("past_after").match(case.plain[end : min(around[1], end + 30)].encode()):
        return True
    if mine[0] < end and start < mine[1]:
        return False
    return case.says("past", *around) and not case.says("limit", *around)


def _follows_a_bound(case: Case, sentence: tuple[int, int], mine: tuple[int, int]) -> bool:
    """True for "then I will tell you": the sentence before has the date that "then" means."""
    if not case.says("then", sentence[0], mine[1]):
        return False
    before = [s for s in case.reading.sentences if s[1] <= sentence[0]][-1:]
    return any(s[0] <= a and b <= s[1] for s in before for a, b in case.where("bound"))


def is_instruction(case: Case, start: int, end: int) -> bool:
    """True if the buyer is to do it: "please answer as soon as possible"; the nearer of "you" and "we" decides.

    A "we" inside the request is none: "merci de nous envoyer", "schicken Sie uns".
    """
    first, last = segment(case, start, end)
    if case.reading.language == "ja":  # できるだけ早くご返送ください: the verb stands at the end
        last = case.reading.sentence_at(start)[1] if last - end < 3 else last
        return stands_in(case.word("instruction"), _WAITING.sub("", case.plain[end:last]))
    before = case.plain[first:start]
    asked = [b for _, b in spans(case.word("instruction"), before) if not _is_of_things(case, first, first + b)]
    said = max((b for _, b in spans(case.word("seller"), before)), default=-1)
    return max(asked, default=-1) > said


def _is_of_things(case: Case, first: int, end: int) -> bool:
    """True in German for a small "sie" after "wir versenden", or beside a "Sie" elsewhere: it means parcels."""
    shown = case.reading.shown
    if case.reading.language != "de" or shown[end - 4 : end] != " sie":
        return False
    return " Sie" in shown or _WE_DO_THEM.search(shown, first, end) is not None


def is_negated(case: Case, start: int, end: int) -> bool:
    """True if the clause says no: "we never ask for a review", "this is no admission of fault"."""
    return case.denies("negated", *segment(case, start, end))


def is_denied(case: Case, start: int, end: int) -> bool:
    """True if the whole sentence refuses it: "we never ask to change a review", "we cannot declare less"."""
    return case.denies("denied", *case.reading.sentence_at(start))


def is_refused(case: Case, start: int, end: int) -> bool:
    """True if the clause says no before it comes: "we do not answer on …"; but not "if it does not help, call …".

    In German and Japanese the no may follow: "telefonisch dürfen wir nicht antworten"; "do not hesitate" is none, and
    "never" reaches over clauses: "we never write it off as a gift, to save you duty". In every language the sentence
    may refuse what it has named: "a tax-free invoice is not possible".
    """
    first, last = segment(case, start, end)
    if case.word("declined").match(case.plain[end : case.reading.sentence_at(start)[1]][:DECLINED].encode()):
        return True
    before = case.reading.sentence_at(start)[0], start
    if case.says("never", *before) and not case.says("regret", *before):  # it should never have left our shop
        return True
    if case.reading.language == "ja":
        return case.denies("negated", end, last)
    if case.says("conditional", first, start) or case.says("eager", first, last):
        return False
    return case.says("negated", first, start) or (case.reading.language == "de" and case.says("negated", end, last))


def is_paid_with(case: Case, start: int, end: int) -> bool:
    """True for a gift card that the buyer paid with: "that part goes back to the gift card"."""
    return case.says("paid_with", *case.reading.sentence_at(start))


def is_lawful(case: Case, start: int, end: int) -> bool:
    """True if the sentence tells of duties as they are: included, paid, asked for by customs, none within the EU."""
    return case.says("lawful", *case.reading.sentence_at(start))


def is_domestic(case: Case, start: int, end: int) -> bool:
    """True if no customs stands between: "from our warehouse in Ohio, so there are no duties"; not from abroad."""
    sentence = case.reading.sentence_at(start)
    return case.says("domestic", *sentence) and not case.says("trick", *sentence)


def is_conditional(case: Case, start: int, end: int) -> bool:
    """True if the clause begins with "if": what may happen, not what will."""
    first, _ = segment(case, start, end)
    return case.says("conditional", first, start)


def is_done(case: Case, start: int, end: int) -> bool:
    """True if the clause tells of what is over: "der Kollege hat die Kiste umgehend vom Wagen geholt"."""
    return case.says("done", *segment(case, start, end))


def leaves_free(case: Case, start: int, end: int) -> bool:
    """True for "what you publish is your choice and changes nothing", not for "…, but five stars would help us"."""
    first, last = case.reading.sentence_at(start)
    if not case.says("left_free", first, last):
        return False
    free = max(b for _, b in spans(case.word("left_free"), case.plain[first:last]))
    return not case.says("but", first + free, last)


def is_namesake(case: Case, start: int, end: int) -> bool:
    """True for what only shares its name with a review: the 5 stars of a garland, a star-head screw."""
    first, last = case.reading.sentence_at(start)
    if not case.says("namesake", first, last):
        return False
    found = spans(case.word("namesake"), case.plain[first:last])
    return any(first + a < end and start < first + b for a, b in found)


def is_settled(case: Case, start: int, end: int) -> bool:
    """True for what is cleared with the carrier while the reply says that the buyer has the money or a new parcel."""
    first, last = case.reading.sentence_at(start)
    return case.says("with_carrier", first, last) and case.says("settled", 0, len(case.plain))


def is_dated(case: Case, start: int, end: int) -> bool:
    """True if another sentence says by when: what is hoped for or looked into beside it is no promise of its own."""
    first, last = case.reading.sentence_at(start)
    return any(not first <= a < last and not _is_past(case, a, b, (0, 0)) for a, b in case.where("bound"))


def is_given_name(case: Case, start: int, end: int) -> bool:
    """True for a buyer whose name looks like an empty field: "Hi Nan", "Hola, Nil"; a table writes nan, NaN or NULL."""
    words = case.reading.shown[start:end].rstrip(",.;:! ").split()
    return bool(words) and words[-1] in ("Nan", "Nat", "Nil", "Null")


def is_supposed(case: Case, start: int, end: int) -> bool:
    """True in Japanese where the verb that was promised is itself an "if": 後日お荷物が届いた場合は.

    And where a device does it after the buyer's hand: ボタンを押しますと、まもなく消えます.
    """
    if case.reading.language != "ja":
        return False
    if stands_in(case.word("supposed"), case.plain[end : end + 12]):
        return True
    by_hand = case.says("pressed", case.reading.sentence_at(start)[0], start)
    return by_hand and not case.says("consigned", start, end)


def is_operated(case: Case, start: int, end: int) -> bool:
    """True where a device does it after the buyer's hand: "hold the button, shortly the light turns green"."""
    by_hand = case.says("operated", case.reading.sentence_at(start)[0], start)
    return by_hand and case.says("reacts", *segment(case, start, end))


def is_feature(case: Case, start: int, end: int) -> bool:
    """True if a device shows or shares something there, and nobody says "us": "share it on WhatsApp"."""
    sentence = case.reading.sentence_at(start)
    return case.says("feature", *sentence) and not case.says("ours", *sentence)


def is_quoted(case: Case, start: int, end: int) -> bool:
    """True inside quotation marks; in Japanese the verb may stand behind them: 絵本『もうすぐ春』を発送."""
    is_title = case.reading.language == "ja" and case.reading.is_quoted(start, start + 1)
    return is_title or case.reading.is_quoted(start, end)


def is_named(case: Case, start: int, end: int) -> bool:
    """True for words of a name amid a sentence in small letters: "the Petzl ASAP Lock", "the clock Any Day Now 3".

    One word alone is a name only beside another with a capital; "ASAP" at the end of a sentence is none.
    """
    shown = case.reading.shown
    if case.word("titled").search(case.plain[max(0, start - 25) : start]):
        return True
    end = start + len(shown[start:end].rstrip())
    last_word = start + shown[start:end].rfind(" ") + 1
    if last_word > start and shown[start : start + 1].islower():  # iban dos espráis de Pronto Limpia Muebles
        start = last_word
    if not shown[start : start + 1].isupper():
        return False
    first, last = case.reading.sentence_at(start)
    before, said, after = shown[first:start].split(), shown[start:end].split(), shown[end:last].split()
    if not before or not before[-1][-1:].isalnum() or not all(word[:1].isupper() for word in said):
        return False
    if len(said) > 1:
        return any(word.islower() for word in before + after)
    return after[:1] != [] and (after[0][:1].isupper() or after[0][:1].isdigit())


CONDITIONS = {
    "bounded": is_bounded,
    "instruction": is_instruction,
    "negated": is_negated,
    "denied": is_denied,
    "refused": is_refused,
    "conditional": is_conditional,
    "paid_with": is_paid_with,
    "lawful": is_lawful,
    "domestic": is_domestic,
    "supposed": is_supposed,
    "operated": is_operated,
    "feature": is_feature,
    "done": is_done,
    "left_free": leaves_free,
    "given_name": is_given_name,
    "namesake": is_namesake,
    "dated": is_dated,
    "settled": is_settled,
    "quoted": is_quoted,
}
