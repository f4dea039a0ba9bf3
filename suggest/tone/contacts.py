"""Ways out of Amazon's messages: phone numbers, e-mail addresses and links, written so that filters miss them."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache

import phonenumbers
import re2

from messages import marketplaces
from suggest.tone.case import Case
from suggest.tone.promises import segment
from suggest.tone.reading import options, spans, stands_in
from suggest.tone.signs import AT, DIGIT, DOT, GAP

Spans = Iterator[tuple[int, int]]

COUNTRIES = {"en": "US", "de": "DE", "fr": "FR", "es": "ES", "it": "IT", "ja": "JP"}
# Endings of files that are also endings of domains: setup.zip is a file unless a path or www says otherwise
FILE_ENDINGS = {"zip", "mov", "md", "py", "sh", "ps", "pl", "rs", "cab", "bz", "ai", "so", "in", "st", "do"}
PROGRAMS = {"paint.net", "asp.net", "ado.net", "vb.net"}
# Endings that are also words: "the point de vente" is no domain
SHORT_WORDS = {
    *("de", "es", "it", "in", "is", "at", "be", "no", "so", "to", "me", "la"),
    *("si", "se", "us", "my", "as", "am", "ai", "il", "co", "ma"),
}

_AT_SPOKEN = (
    r"\b(?:at|arroba|arobase|chiocciola|at-zeichen|klammeraffe|aet|curly a|a rond)\b|アットマーク|アット"
    r"|あっとまーく|あっと|\(a\)|\* ?at ?\*|_at_|-at-"
)
_SLASH = r"\b(?:slash|barra|barre|schragstrich|sbarra)\b|スラッシュ|すらっしゅ|/"
_REST = r"[^\s<>\"'」』）)、。]"  # what a path may hold

_EMAIL = re2.compile(
    r"[a-z0-9][a-z0-9._+\-]*(?: ?[._\-] ?[a-z0-9]+){0,20} ?"
    rf"(?:{AT}) ?[a-z0-9\-]+(?: ?(?:\.|{DOT}) ?[a-z0-9\-]+){{1,4}}",
    options(),
)
_PLAIN_EMAIL = re.compile(r"[a-z][a-z0-9._+\-]+@[a-z0-9\-]+(?:\.[a-z0-9\-]+)*\.[a-z]{2,24}")
_EMAIL_SPOKEN = re2.compile(
    rf"[a-z0-9][a-z0-9._+\-]*(?: (?:dot|punkt|punto|point) [a-z0-9\-]+){{0,3}} ?(?:{_AT_SPOKEN}) ?[a-z0-9\-]+"
    rf" ?(?:{DOT}|\.) ?[a-z]{{2,12}}\b",
    options(),
)
# "sales, the usual at sign, lumora and at the end dot es": the parts of an address told one by one
_TOLD = re2.compile(
    r"(?:\b(?:arroba|arobase|chiocciola|klammeraffe\w*|at-zeichen|at[- ](?:sign|symbol))\b|アットマーク|あっとまーく)"
    rf"[^.!?。\n]{{1,80}}?(?:{DOT})[,、]? ?([a-z]{{2,12}})\b"
)
_MAILBOX = re2.compile(
    r"^(?:support|info|help|care|service|contact|contacto|kontakt|hilfe|ayuda|sales|hello|mail|office|sav|assistenza"
    r"|assistance|aide)\b"
)
_PAGE = re2.compile(
    r"^(?:guide|manual|page|steps?|instructions|video|film|list|faq|details|information|photos|pictures|shop|site) at "
)
_TO_WRITE = re2.compile(
    r"\b(?:write|writing|mail|e-mail|email|mailbox|inbox|send|message|drop|address|contact|reach|ask|shoot|ping|fire|pop|forward|schick\w*|schreib\w*"
    r"|send\w+|melde\w*|erreich\w*)\b"
)
_FREE_MAIL = re2.compile(
    r" at (?:gmail|googlemail|hotmail|outlook|yahoo|gmx|icloud|proton(?:mail)?|aol|web|libero|orange|live|163|qq)\b"
)
_DOT_WORD = re.compile(r" (?:dot|punkt|punto|point) ")
_HANDLE = re2.compile(r"(?:^|[\s(:])(@[a-z_][a-z0-9_.]{3,30})", options())

LINK = re2.compile(
    rf"(?:https?|hxxps?|ftp) ?: ?/ ?/ ?{_REST}{{3,}}"
    r"|[a-z0-9][a-z0-9\-]*(?:(?:\.| \. ?)[a-z0-9][a-z0-9\-]*){1,5}(?:\. (?:com|net|org|shop|store)\b)?"
    rf"(?: ?/ ?{_REST}*)?",
    options(),
)
_NAMED = re2.compile(
    r"(?:user ?name|handle|nick|nutzername|usuario|utente|utilisateur|アカウント|ユーザー名|id|insta(?:gram)?|telegram"
    r"|skype|facebook|tiktok|snapchat|インスタ(?:グラム)?)"
    r"(?: (?:as|is|at|under|unter|als|ist|sous|est|como|es|come|e))?[ :は「@で]*$"
)
_DOTTED = re.compile(r"[.:](?:(?<=\.)[a-z]|(?<= \.) ?[a-z]|(?<=:) ?/)")  # without which there is no link
_SPACED = re2.compile(r"\b[a-z0-9](?: [a-z0-9\-]){2,30} ?\. ?[a-z](?: [a-z]){1,6}\b", options())  # l u m e n . c o m
_LETTERS_APART = re.compile(r"\. ?[a-z] [a-z]\b", re.ASCII)
_TWO_LETTERS = re.compile("[a-z][a-z]")
_FIGURE = re.compile("[0-9〇零一二三四五六七八九]")
_SPELLED = re2.compile(rf"([a-z0-9][a-z0-9\-]{{1,40}}),? ?(?:{DOT}),? ?([a-z]{{2,12}})\b( ?(?:{_SLASH}))?", options())

_NUMBER = re.compile(r"(?<![a-z0-9.,])(?:\+|\(\+?)?\d(?:[ \-./()\u30fc~_*]{0,3}\d){5,16}(?![a-z0-9%])")
_ID = re.compile(
    r"\b\d{3}-?\d{7}-?\d{7}\b|\b1z ?[0-9a-z]{3} ?[0-9a-z]{3} ?\d\d ?\d{4} ?\d{3,4}\b"
    r"|\b[a-z]{1,4}\d{6,}[a-z]{0,3}\b|\b[a-z]{2} \d{3} ?\d{3} ?\d{3} [a-z]{2}\b"
    r"|\b(?:19|20)\d\d[-/]\d{2,}(?:[-/]\d+)*\b"
    r"|\b(?:[0-2]?\d|3[01])[./](?:0?\d|1[0-2])[./](?:\d{4}|\d\d)\b(?![./]\d)"
    r"|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}\b(?!\.\d)",
    re.ASCII,  # は2026 has a boundary before the year
)
_PRICE = re.compile(r"[$€£¥]\s?$|\b(?:eur|usd|gbp|jpy)\s?$")
_PRICE_AFTER = re.compile(r"\s?(?:[$€£¥円%]|eur|usd|euros?\b|yen\b|dollars?\b|(?:mm|cm|kg|mah|lm|rpm|kwh|hz|ml|km)\b)")
_MANY_DIGITS = re2.compile(rf"{DIGIT}(?:{GAP}{DIGIT}){{6}}")
_AN_ORDER = re.compile(r"\d{3}-\d{7}-\d{7}")
_NO_PHONE = re.compile(rf"{_AN_ORDER.pattern}|\b[a-z]{{1,4}}\d{{6,}}[a-z]{{0,3}}\b")
_LEET = re.compile(r"\b[0-9oil|]*\d[0-9oil|]*\b", re.ASCII)
_LEET_DIGITS = str.maketrans("oil|", "0111")
JOINED = {"and", "und", "et", "y", "e"}  # cincuenta y cinco
SAME_MAKE = 5  # digits that two part numbers or invoices of one make begin with, written in groups of one length
_TITLE = re.compile(
    r"(?:gent|ill|spett|preg|chiar|egr|rev|stim|cort|car|on|dott|prof|sig|arch|avv|ecc|mons|cav|ing|geom|rag)"
    r"\.(?:m[aoie]|l[ei]|ss[ae]|r[aei]|n[ae]|i)"
)  # Gent.ma, Spett.le: titles that end like domains
_KANJI_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")


def phones(case: Case) -> Spans:
    """Phone numbers in local and international form, also with digits as words, emoji, kanji or the letters o and l.

    Order ids, tracking numbers, dates, prices and references are none; without a word such as "call" before it a number
    counts only if one stands nearby, it is valid in its country and nothing says that it is a reference.
    """
    known = _NO_PHONE if "sign: letters before digits" in case.occurring else _AN_ORDER
    bare = known.sub(" ", case.plain) if "-" in case.plain or known is _NO_PHONE else case.plain
    is_numbered = _FIGURE.search(bare) and stands_in(_MANY_DIGITS, bare)
    if not is_numbered and not _are_spelled(case, bare):
        return
    text = _LEET.sub(lambda m: m.group().translate(_LEET_DIGITS), case.plain)
    if case.reading.language == "ja":
        text = text.translate(_KANJI_DIGITS)
    numbers = list(_NUMBER.finditer(text))
    ids = [m.span() for m in _ID.finditer(text)] if numbers else []
    tracking = re.sub(r"\W", "", (case.order and case.order.tracking_id) or "")
    heard: list[tuple[int, int, bool, bool, str]] = []
    numbers_of: dict[str, set[str]] = {}  # those of one make
    for m in numbers:
        start, end = m.span()
        if any(a < end and start < b for a, b in ids) or _PRICE.search(text[max(0, start - 6) : start]):
            continue
        if (tracking and re.sub(r"\D", "", m.group()) in tracking) or _is_warned_of(case, start, end):
            continue
        if _PRICE_AFTER.match(text[end : end + 9]):
            continue
        told = max((b for a, b in ids if b <= start), default=0)
        called, referred = _said_about(case, start, end, told)
        heard.append((start, end, called, referred, _make(m.group())))
        if not called:
            numbers_of.setdefault(_make(m.group()), set()).add(m.group())
    makes = {make for _, _, called, referred, make in heard if referred and not called}
    makes |= {make for make, each in numbers_of.items() if len(each) > 1}  # 347 220 1185 fits, 347 220 1158 does not
    for start, end, called, referred, make in heard:  # 039-445-1720, which is the part, tells that 039-445-1702 is one
        if not called and (make in makes or not case.says("call", *case.reading.sentences_around(start, 1))):
            continue  # nobody is to call: the number of a part
        if is_phone(text[start:end], _country(case), called, referred):
            yield start, end
    for start, end in case.where("digits"):
        tokens = re.findall(r"\w+", case.plain[start:end])
        first, last = case.reading.sentence_at(start)
        spoken = sum(not (t.isdigit() or t in JOINED) for t in tokens)
        written = sum(len(t) for t in tokens if t.isdigit())
        if case.reading.language == "ja":
            spoken = len(re.sub(r"[\d\W]", "", case.plain[start:end]))
        is_mixed = written >= 4 and spoken + written >= 7  # "six one two, 33 44 55" wants to be dialled
        is_mixed = is_mixed and not case.says("reference", max(first, start - 40), start)
        if spoken >= 2 and (is_mixed or spoken >= 6 or case.says("call", first, last)):
            yield start, end


def _are_spelled(case: Case, bare: str) -> bool:
    """True if digits stand there as words."""
    is_likely = case.occurring.may_hold("digits") and stands_in(case.word("digits"), bare)
    return is_likely and "digits" in case.occurring


def _make(number: str) -> str:
    """How a number begins, and how long its groups are.

    >>> _make("0151-2290-4417") == _make("0151-2207-3318"), _make("600 412 233") == _make("612 412 233")
    (True, False)
    """
    digits = re.sub(r"\D", "", number)
    return digits[:SAME_MAKE] + re.sub(r"\d", "#", number)


def _country(case: Case) -> str:
    found = marketplaces().get(case.marketplace or "")
    return found.country if found else COUNTRIES[case.reading.language]


def _said_about(case: Case, start: int, end: int, told: int) -> tuple[bool, bool]:
    """Whether the sentence speaks of calling, and whether the words around call the number a reference.

    Words before `told`, where another id ends, speak of that id; after the number it takes an "is": "… is the mould".
    "The old one, 600 411 907" is what the sentence before has named.
    """
    first, last = case.reading.sentence_at(start)
    if case.word("reached_at").search(case.plain[max(first, start - 80) : start]):
        return True, False
    called = case.says("call", max(first, start - 80), min(last, end + 60))
    if case.says("reference", max(first, start - 40, told), start):
        return called, True
    if first and case.says("former", max(first, start - 40), start):
        return called, case.says("reference", *case.reading.sentence_at(first - 1))
    after = case.plain[end : min(last, end + 70)]
    means = case.word("means").search(after) if "means" in case.occurring else None
    if means is None:
        return called, False
    return called, stands_in(case.word("reference"), after[means.end() : means.end() + 40])


def _is_warned_of(case: Case, start: int, end: int) -> bool:
    """True for "do not call 0800 …" and "0800 … is no number of ours", but not for "do not hesitate to call"."""
    clause = segment(case, start, end)
    if case.says("conditional", *clause) or case.says("eager", *clause):
        return False
    return case.says("negated", *clause)


@lru_cache(maxsize=4096)
def is_phone(number: str, country: str, called: bool, referred: bool) -> bool:
    """True if this is a phone number, given what is said around it.

    >>> is_phone("(206) 555-0177", "US", called=True, referred=False)
    True
    >>> is_phone("06-4410-2233", "FR", called=False, referred=True)
    False
    """
    digits = re.sub(r"\D", "", number)
    if referred and not number.startswith("+"):
        return False
    if called:
        return 7 <= len(digits) <= 15
    if not (number.startswith(("+", "0", "(")) or re.search(r"\d[ \-./()]+\d", number)):
        return False
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, country))
    except phonenumbers.NumberParseException:
        return False


def emails(case: Case) -> Spans:
    """E-mail addresses, with blanks or brackets or words for @ and dot, and handles such as @cosyhome_help."""
    yield from case.once("e-mail addresses", lambda: _emails(case))


def _emails(case: Case) -> Spans:
    if "sign: @" in case.occurring:
        for m in _EMAIL.finditer(case.plain):
            said = _without_next_sentence(m.group())
            ending = re.split(r"[^a-z]+", said)[-1]
            if is_ending(ending) or (len(ending) > 1 and _PLAIN_EMAIL.fullmatch(said)):
                yield m.start(), m.start() + len(said)
    spelled = "sign: at" in case.occurring
    for m in _EMAIL_SPOKEN.finditer(case.plain) if spelled else ():
        said = m.group()
        ending = re.split(r"[^a-z]+", said)[-1]
        if is_ending(ending) and (" at " not in said or _is_address(case, m.start(), said)):
            yield m.span()
    for m in _TOLD.finditer(case.plain) if spelled or "sign: at s" in case.occurring else ():
        if is_ending(m[1]):
            yield m.span()
    if "@" in case.plain:
        yield from (m.span(1) for m in _HANDLE.finditer(case.plain))


def _without_next_sentence(said: str) -> str:
    """An address without the words that begin the next sentence: "desk (at) roth (dot) de. Mr" ends before "Mr"."""
    cut = said
    while not is_ending(re.split(r"[^a-z]+", cut)[-1]):
        before, dot, _ = cut.rpartition(". ")
        if not dot:
            return said
        cut = before
    return cut


def _is_address(case: Case, start: int, said: str) -> bool:
    """True for "write to me at cosyhome dot com", not for "look at amazon.com" or "the form at cosyhome dot com"."""
    if _PAGE.search(said):
        return False
    first, _ = case.reading.sentence_at(start)
    written = _TO_WRITE.search(case.plain[max(first, start - 40) : start])
    return (
        bool(_MAILBOX.search(said)) or stands_in(_FREE_MAIL, said) or (bool(written) and bool(_DOT_WORD.search(said)))
    )


@cache
def _extract() -> "tldextract.TLDExtract":  # type: ignore[name-defined]  # noqa: F821
    import tldextract

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


@lru_cache(maxsize=4096)
def is_ending(label: str) -> bool:
    """True for the last part of a domain: com, de, shop.

    >>> is_ending("shop"), is_ending("bin")
    (True, False)
    """
    return bool(label) and bool(_extract()(f"example.{label}").suffix)


@cache
def _amazon() -> set[str]:
    return {m.domain for m in marketplaces().values()} | {"amzn.to", "amzn.eu", "amzn.com", "amzn.asia", "a.co"}


@lru_cache(maxsize=4096)
def domain_of(link: str) -> str:
    """The registered domain of a link, or "" if it has none: IP addresses in the house, file names, versions.

    >>> [domain_of(x) for x in ("www.cosyhome.co.uk/help", "tool_2.1.bin", "manual.pdf", "192.168.0.1", "paint.net")]
    ['cosyhome.co.uk', '', '', '', '']
    >>> domain_of("https://cosyhome.com/@amazon.de"), domain_of("https://amazon.de@cosyhome.com/")
    ('cosyhome.com', 'cosyhome.com')
    """
    bare = re.sub(r"^(?:https?|hxxps?|ftp) ?: ?/ ?/ ?", "", link.replace(" ", ""))
    whose = re.split(r"[/?#]", bare)[0]
    bare = bare[whose.rfind("@") + 1 :]
    host = re.split(r"[/:?#]", bare)[0].strip(".")
    if (
        re.match(r"(?:https?://|www\.)", link)
        and re.search(r"\.[a-z]{2,24}$", host)
        and not is_ending(host.split(".")[-1])
    ):
        return ".".join(host.split(".")[-2:])  # an ending that no list knows is a link all the same when www says so
    parts = _extract()(host)
    if not parts.suffix or not parts.domain or re.fullmatch(r"[\d\-]+", parts.domain):
        return ""
    is_named_only = bare == host and link == bare
    if is_named_only and (bare.lower() in PROGRAMS or (parts.suffix in FILE_ENDINGS and parts.subdomain != "www")):
        return ""
    return f"{parts.domain}.{parts.suffix}"


def links(case: Case) -> Spans:
    """Links and bare domains outside Amazon and the allow-list, also spelled out: "cosyhome dot com slash help"."""
    plain, shown = case.plain, case.reading.shown
    mails = list(emails(case))
    if _DOTTED.search(plain):
        for start, end in spans(LINK, plain):
            if any(a <= start < b for a, b in mails) or _NAMED.search(plain[max(0, start - 20) : start]):
                continue
            if not _is_written_as_link(shown[start:end], plain, start):
                continue
            if _is_foreign(domain_of(plain[start:end]), case.allowed_links):
                yield start, end
    for start, end in spans(_SPACED, plain) if ". " in plain and _LETTERS_APART.search(plain) else ():
        if _is_foreign(domain_of(plain[start:end].replace(" ", "")), case.allowed_links):
            yield start, end
    for m in _SPELLED.finditer(plain) if _TWO_LETTERS.search(plain) and "sign: dot" in case.occurring else ():
        if any(a <= m.start() < b for a, b in mails) or _FREE_MAIL.search(case.plain[max(0, m.start() - 4) : m.end()]):
            continue
        if (
            is_ending(m.group(2))
            and _is_meant(case, m)
            and _is_foreign(f"{m.group(1)}.{m.group(2)}", case.allowed_links)
        ):
            yield m.span()


def _is_written_as_link(shown: str, plain: str, start: int) -> bool:
    """False for a missing blank between sentences ("today.It"), a decimal, an abbreviation or a file's middle."""
    if "://" in shown or shown.lower().startswith("www."):
        return True
    if start and plain[start - 1] in "@_\\":
        return False
    host = re.split(r"[/:?#]", shown)[0]
    if _TITLE.fullmatch(shown.lower()):
        return False
    if re.search(r" \. ?[A-Z]|[a-z]\.[A-Z][a-z]|\. (?![a-z0-9])", host) or re.search(r"[^ ]\. ", host):
        return False
    first, _, rest = host.partition(".")
    return len(first.strip()) > 1 or "/" in shown or rest.count(".") > 0 or rest.strip() in ("co", "me", "ee")


def _is_meant(case: Case, m: "re2._Match") -> bool:
    """True if "X dot Y" is a domain and not "the point of sale": what ends like a word needs a sign that it is one."""
    if case.reading.language == "en" and "point" in m.group():  # at some point next week
        return False
    if m.group(3) or m.group(2) not in SHORT_WORDS:
        return not case.word("common").fullmatch(m.group(1)) or bool(m.group(3))
    if case.word("common").fullmatch(m.group(1)):
        return False
    first, _ = case.reading.sentence_at(m.start())
    led = case.word("go_to").search(case.plain[max(first, m.start() - 25) : m.start()])
    after = case.plain[m.end() : m.end() + 1]
    return bool(led) or after in (",", ".", ";", ":", "!", "?", "", ")", "\n")


_SAFE_LINK = re.compile(r"https://[\w.-]{4,100}(?:/[\w/.?=&#%~+-]{0,200})?", re.ASCII)


def is_allowed_link(link: str, allowed_links: tuple[str, ...]) -> bool:
    """True for a plain https link to Amazon or to a domain of the seller's allow-list.

    >>> [is_allowed_link(x, ("acme.de",)) for x in ("https://help.acme.de/lamp", "https://amazon.de.acme.com/x")]
    [True, False]
    >>> [is_allowed_link(x, ()) for x in ("https://www.amazon.de/dp/B0A", "https://a.com/@amazon.de", "amazon.de/B0A")]
    [True, False, False]
    """
    domain = domain_of(link.lower()) if _SAFE_LINK.fullmatch(link) else ""
    return bool(domain) and not _is_foreign(domain, allowed_links)


def _is_foreign(domain: str, allowed_links: tuple[str, ...]) -> bool:
    if not domain:
        return False
    allowed = {re.sub(r"^(?:https?://)?(?:www\.)?", "", a.strip().lower()).split("/")[0] for a in allowed_links}
    return domain not in _amazon() and not any(domain == a or a.endswith("." + domain) for a in allowed)
