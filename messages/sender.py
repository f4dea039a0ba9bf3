"""Who wrote a mail: a buyer, Amazon itself, a machine, the seller, or somebody who pretends."""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from email.utils import getaddresses
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from messages.marketplaces import Marketplace, find_marketplace, marketplaces

Writer = Literal["buyer", "customer", "amazon", "machine", "seller", "impostor"]

_RELAY_PREFIX = "marketplace."
_ADDRESS = re.compile(r"[^\s<>@\"'(),;:]{1,120}@[^\s<>@\"'(),;:]{3,200}")
_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_IN_BRACKETS = re.compile("<([^<>]{3,320})>")
_MACHINES = re.compile(
    r"(?:mailer-daemon|postmaster|bounces?|no-?reply.*|do-?not-?reply|notifications?|newsletters?|auto-?confirm|autoreply"
    r"|listserv|majordomo)(?:[+._-].*)?$"
)
_AMAZON = re.compile(
    r"(?:amazon(?!i[aă]|as\b|ic)|arnazon|amazom|amazn|amzon|anazon|amaazon|amazoon|amason|amozon|armazon|amazonn)"
)
_BEFORE_SUBJECT = re.compile(r"(?:\W|(?:re|aw|tr|rv|r|fwd?|wg|sv|antw|i|返信|転送)\s?[:：])*", re.I)
_HOMOGLYPHS = str.maketrans("аоесрхуіѕԁӏαοενιτκ0134$5", "aoecpxyisdlaoevitkoleass")


@dataclass(frozen=True)
class Sender:
    """Who wrote a mail, from which address, through which marketplace, and in which case of Amazon's."""

    writer: Writer
    address: str = ""
    marketplace: Marketplace | None = None
    case: str = ""


def read_sender(header: Callable[[str], str | None], own: Collection[str] = ()) -> Sender:
    """Judge a mail by its headers; `header` gives a header's decoded text, "" when it is not there.

    Only an address at marketplace.<an Amazon domain> is a buyer's; a name on the display counts for nothing.
    `own` holds the seller's addresses, as far as they are known.

    >>> read_sender({"From": "Ann <a1b2c3d4+9f8e@marketplace.amazon.de>"}.get)
    Sender(writer='buyer', address='a1b2c3d4@marketplace.amazon.de', marketplace=..., case='9f8e')
    >>> read_sender({"From": "Amazon <a1b2c3d4e5@marketplace.amazon.de.example.com>"}.get).writer
    'impostor'
    """
    name, address = _from(header("From") or "")
    domain = address.rpartition("@")[2]
    notice = (header("X-Space-Notification-Type") or "").strip().upper()
    relay = relay_marketplace(domain)
    amazon = find_marketplace(_site(domain))
    house = relay or amazon
    if not address and not notice:
        return Sender("machine" if _is_automatic(header) else "customer", address)
    if _is_impostor(header, name, address, house):
        return Sender("impostor", address, house)
    if relay:
        return _through_relay(header, address, relay, notice)
    if amazon:
        return Sender("buyer" if notice == _SENT_TO_SELLER else "amazon", address, amazon)
    if notice:
        return Sender("impostor" if notice.startswith("BBC_MESSAGE_SENT") else "amazon", address)
    return Sender(_outsider(header, address, own), address)


_SENT_TO_SELLER = "BBC_MESSAGE_SENT_TO_MERCHANT"


def _is_impostor(header: Callable[[str], str | None], name: str, address: str, house: Marketplace | None) -> bool:
    local, _, domain = address.rpartition("@")
    if is_lookalike(domain):
        return True
    if house:
        return _replies_elsewhere(header) or _fails_authentication(header)
    return pretends(name) or pretends(local)


def _through_relay(header: Callable[[str], str | None], address: str, relay: Marketplace, notice: str) -> Sender:
    local, _, domain = address.rpartition("@")
    alias, _, case = local.partition("+")
    writer: Writer = "buyer"
    if notice and notice != _SENT_TO_SELLER:
        writer = "amazon"
    elif _is_reply_of_machine(header) or (_MACHINES.match(alias) and "buyer" not in alias):
        writer = "machine"
    return Sender(writer, f"{alias}@{domain}", relay, case)


def _outsider(header: Callable[[str], str | None], address: str, own: Collection[str]) -> Writer:
    if address in own or any(relay_marketplace(a.rpartition("@")[2]) for a in recipients(header)):
        return "seller"
    return "machine" if _MACHINES.match(address.rpartition("@")[0]) or _is_automatic(header) else "customer"


def relay_marketplace(domain: str) -> Marketplace | None:
    """The marketplace whose buyers write from this domain.

    >>> [bool(relay_marketplace(d)) for d in ("marketplace.amazon.co.jp", "amazon.co.jp", "marketplace.amazon.example")]
    [True, False, False]
    """
    return find_marketplace(domain[len(_RELAY_PREFIX) :]) if domain.startswith(_RELAY_PREFIX) else None


@lru_cache(maxsize=1_000)  # most mail comes from few domains
def _site(domain: str) -> str:
    """amazon.de of sellercentral.amazon.de and of amazon.de itself."""
    sites = (m.domain for m in marketplaces().values())
    return next((site for site in sites if domain == site or domain.endswith("." + site)), "")


@lru_cache(maxsize=1_000)
def is_lookalike(domain: str) -> bool:
    """Whether a domain is made to be taken for Amazon's.

    >>> [is_lookalike(d) for d in ("amazon.com.evil.example", "arnazon.de", "xn--mazon-3ve.com", "amaz0n.de")]
    [True, True, True, True]
    >>> [is_lookalike(d) for d in ("marketplace.amazon.de", "sellercentral.amazon.co.uk", "gmail.com")]
    [False, False, False]
    """
    if _site(domain) or domain in ("amazonses.com", "amazon.cn", "amazonaws.com"):
        return False
    return any(_AMAZON.search(form) for form in _skeletons(domain))


def pretends(name: str) -> bool:
    """Whether a display name claims to be Amazon.

    >>> [pretends(n) for n in ("Ann - Amazon Marketplace", "Аmazon Support", "Amazonia Garcia", "Ann")]
    [True, True, False, False]
    """
    return any(re.search(rf"(?<![a-z]){_AMAZON.pattern}(?![a-z])", form) for form in _skeletons(name))


def _skeletons(text: str) -> tuple[str, str]:
    """A name as the eye reads it: letters of other scripts and digits that look like a–z, rn like m."""
    labels = []
    for label in text.split("."):
        try:
            labels.append(label.encode("ascii").decode("idna") if label.casefold().startswith("xn--") else label)
        except UnicodeError:
            labels.append(label)
    plain = "".join(c for c in _plain(".".join(labels)).translate(_HOMOGLYPHS) if unicodedata.category(c) != "Cf")
    return plain, plain.replace("rn", "m").replace("vv", "w").replace("-", "")


def _from(value: str) -> tuple[str, str]:
    """Name and address of the one who wrote; the address is the last one in angle brackets, or the only one.

    >>> _from('"a1b2c3d4e5@marketplace.amazon.de" <x@evil.example>')
    ('a1b2c3d4e5@marketplace.amazon.de', 'x@evil.example')
    """
    value = value[:2000] if value.isascii() else _UNSEEN.sub("", value[:2000])
    inside = _IN_BRACKETS.findall(value)
    found = _ADDRESS.findall(inside[-1] if inside else value)
    address = found[-1] if found else ""
    name = value.replace(f"<{inside[-1]}>", "") if inside else value.replace(address, "")
    return name.strip(" \"'"), address.casefold().rstrip(".")


def recipients(header: Callable[[str], str | None]) -> list[str]:
    """The addresses a mail went to.

    >>> recipients({"To": "Shop <Shop@example.com>, b@example.com"}.get)
    ['shop@example.com', 'b@example.com']
    """
    values = [v for v in (header("To"), header("Cc"), header("Delivered-To"), header("X-Original-To")) if v]
    return [address.casefold() for _, address in getaddresses(values) if "@" in address]


def _replies_elsewhere(header: Callable[[str], str | None]) -> bool:
    """An answer to a buyer goes to the relay; one that goes to another house is a trap."""
    answers = _ADDRESS.findall((header("Reply-To") or "")[:2000].casefold())
    return any(not _site(a.rpartition("@")[2].rstrip(".")) for a in answers)


def _fails_authentication(header: Callable[[str], str | None]) -> bool:
    results = f"{header('Authentication-Results') or ''} {header('ARC-Authentication-Results') or ''}".casefold()
    return "dmarc=fail" in results or ("spf=fail" in results and "dkim=fail" in results)


def _is_reply_of_machine(header: Callable[[str], str | None]) -> bool:
    submitted = (header("Auto-Submitted") or "").casefold()
    if "auto-replied" in submitted or header("X-Autoreply") or header("X-Autorespond"):
        return True
    subject = header("Subject") or ""
    return bool(subject) and is_automatic_subject(subject)


def is_automatic_subject(subject: str) -> bool:
    """Whether a subject says that a machine wrote: an absence notice or a bounce.

    >>> [is_automatic_subject(s) for s in ("AW: Automatische Antwort: Lampe", "自動返信", "Undelivered Mail", "Lampe")]
    [True, True, True, False]
    """
    return _plain(_BEFORE_SUBJECT.sub("", subject[:300], count=1)).startswith(_machine_subjects())


@cache
def _machine_subjects() -> tuple[str, ...]:
    path = Path(__file__).with_name("mail.toml")
    return tuple(map(_plain, tomllib.loads(path.read_text(encoding="utf-8"))["machines"]["subjects"]))


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def _is_automatic(header: Callable[[str], str | None]) -> bool:
    submitted = (header("Auto-Submitted") or "no").strip().casefold()
    precedence = (header("Precedence") or "").strip().casefold()
    return (
        not submitted.startswith("no")
        or precedence in ("bulk", "junk", "list", "auto_reply")
        or bool(header("List-Id") or header("List-Unsubscribe") or header("X-Failed-Recipients"))
        or (header("Return-Path") or "").strip() == "<>"
        or (header("Content-Type") or "").casefold().startswith("multipart/report")
        or _is_reply_of_machine(header)
    )
