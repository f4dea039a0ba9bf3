"""Who wrote a mail: a buyer, Amazon itself, a machine, the seller, or somebody who pretends."""

import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from email.utils import getaddresses
from typing import Literal

from messages.marketplaces import Marketplace, find_marketplace, marketplaces

Writer = Literal["buyer", "customer", "amazon", "machine", "seller", "impostor"]

_RELAY_PREFIX = "marketplace."
_ADDRESS = re.compile(r"[^\s<>@\"'(),;:]{1,120}@[^\s<>@\"'(),;:]{3,200}")
_MACHINES = re.compile(r"(?:mailer-daemon|postmaster|bounces?|no-?reply|do-?not-?reply|donotreply|noreply.*|notifications?|newsletters?|auto-?confirm|autoreply|listserv|majordomo)(?:[+._-].*)?$")  # fmt: skip
_AMAZON = re.compile(
    r"(?:amazon(?!i[aă]|as\b|ic)|arnazon|amazom|amazn|amzon|anazon|amaazon|amazoon|amason|amozon|armazon|amazonn)"
)
_AUTOMATIC = re.compile(
    r"^(?:(?:re|aw|tr|rv|r|fwd?|sv|antw)\s*:\s*)*\W{0,3}(?:auto(?:matic|mated)?[ -]?(?:reply|response)|auto:|out of (?:the )?office|away from"
    r"|automatische antwort|abwesenheit|abwesend|ich bin (?:nicht|au(?:ß|ss)er)|r[eé]ponse automatique|absence du bureau|absent\b|message d'absence"
    r"|respuesta autom[aá]tica|fuera de (?:la )?oficina|ausente|risposta automatica|fuori sede|fuori ufficio|assente|assenza"
    r"|自動返信|自動応答|不在のお知らせ|不在通知|resposta autom[aá]tica|automatisch antwoord|自动回复|自動回覆)",
    re.I,
)
_BOUNCE = re.compile(
    r"^\W{0,3}(?:undeliver|delivery (?:status|failure|has failed)|mail delivery|returned mail|failure notice|unzustellbar|zustellung fehlgeschlagen"
    r"|nicht zustellbar|non remis|[eé]chec (?:de la )?(?:remise|livraison du message)|no se puede entregar|no entregado|mancato recapito"
    r"|impossibile recapitare|配信不能|配信エラー|メール配信エラー|your message was not sent|message not (?:sent|delivered)|mensaje no entregado)",
    re.I,
)
_HOMOGLYPHS = str.maketrans("аоесрхуіѕԁӏαοενιτκ0134$5", "aoecpxyisdlaoevitkoleass")


@dataclass(frozen=True)
class Sender:
    """Who wrote a mail, from which address, through which marketplace, and in which case of Amazon's."""

    writer: Writer
    address: str = ""
    marketplace: Marketplace | None = None
    case: str = ""


def read_sender(header: Callable[[str], str], own: Collection[str] = ()) -> Sender:
    """Judge a mail by its headers; `header` gives a header's decoded text, "" when it is not there.

    Only an address at marketplace.<an Amazon domain> is a buyer's; a name on the display counts for nothing.
    `own` holds the seller's addresses, as far as they are known.

    >>> read_sender({"From": "Ann <a1b2c3d4e5+9f8e@marketplace.amazon.de>"}.get)
    Sender(writer='buyer', address='a1b2c3d4e5@marketplace.amazon.de', marketplace=Marketplace(code='DE', ...), case='9f8e')
    >>> read_sender({"From": "Amazon <a1b2c3d4e5@marketplace.amazon.de.example.com>"}.get).writer
    'impostor'
    """
    name, address = _from(header("From") or "")
    local, _, domain = address.rpartition("@")
    notice = (header("X-Space-Notification-Type") or "").strip().upper()
    relay = relay_marketplace(domain)
    amazon = find_marketplace(_site(domain))
    if not address and not notice:
        return Sender("machine" if _is_automatic(header) else "customer", address)
    if is_lookalike(domain) or (not relay and not amazon and (pretends(name) or pretends(local))):
        return Sender("impostor", address)
    if (relay or amazon) and (_replies_elsewhere(header) or _fails_authentication(header)):
        return Sender("impostor", address, relay or amazon)
    if relay:
        alias, _, case = local.partition("+")
        found = Sender("buyer", f"{alias}@{domain}", relay, case)
        if notice and notice != "BBC_MESSAGE_SENT_TO_MERCHANT":
            return Sender("amazon", found.address, relay, case)
        if _is_reply_of_machine(header) or (_MACHINES.match(alias) and "buyer" not in alias):
            return Sender("machine", found.address, relay, case)
        return found
    if amazon:
        return Sender("buyer" if notice == "BBC_MESSAGE_SENT_TO_MERCHANT" else "amazon", address, amazon)
    if notice:
        return Sender("impostor" if notice.startswith("BBC_MESSAGE_SENT") else "amazon", address)
    if address in own or any(relay_marketplace(a.rpartition("@")[2]) for a in recipients(header)):
        return Sender("seller", address)
    if _MACHINES.match(local) or _is_automatic(header):
        return Sender("machine", address)
    return Sender("customer", address)


def relay_marketplace(domain: str) -> Marketplace | None:
    """The marketplace whose buyers write from this domain.

    >>> [bool(relay_marketplace(d)) for d in ("marketplace.amazon.co.jp", "amazon.co.jp", "marketplace.amazon.evil.example")]
    [True, False, False]
    """
    return find_marketplace(domain[len(_RELAY_PREFIX) :]) if domain.startswith(_RELAY_PREFIX) else None


def _site(domain: str) -> str:
    """amazon.de of sellercentral.amazon.de and of amazon.de itself."""
    sites = (m.domain for m in marketplaces().values())
    return next((site for site in sites if domain == site or domain.endswith("." + site)), "")


def is_lookalike(domain: str) -> bool:
    """Whether a domain is made to be taken for Amazon's.

    >>> [is_lookalike(d) for d in ("amazon.com.evil.example", "arnazon.de", "xn--mazon-3ve.com", "amazon-help.net", "amaz0n.de")]
    [True, True, True, True, True]
    >>> [is_lookalike(d) for d in ("marketplace.amazon.de", "sellercentral.amazon.co.uk", "gmail.com", "amazing.example")]
    [False, False, False, False]
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
    plain = unicodedata.normalize("NFKD", ".".join(labels)).casefold().translate(_HOMOGLYPHS)
    plain = "".join(c for c in plain if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    return plain, plain.replace("rn", "m").replace("vv", "w").replace("-", "")


def _from(value: str) -> tuple[str, str]:
    """Name and address of the one who wrote; the address is the last one in angle brackets, or the only one.

    >>> _from('"a1b2c3d4e5@marketplace.amazon.de" <x@evil.example>')
    ('a1b2c3d4e5@marketplace.amazon.de', 'x@evil.example')
    """
    value = re.sub(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]", "", value[:2000])
    inside = re.findall(r"<([^<>]{3,320})>", value)
    found = _ADDRESS.findall(inside[-1] if inside else value)
    address = found[-1] if found else ""
    name = value.replace(f"<{inside[-1]}>", "") if inside else value.replace(address, "")
    return name.strip(" \"'"), address.casefold().rstrip(".")


def recipients(header: Callable[[str], str]) -> list[str]:
    """The addresses a mail went to.

    >>> recipients({"To": "Shop <Shop@example.com>, b@example.com"}.get)
    ['shop@example.com', 'b@example.com']
    """
    values = [v for v in (header("To"), header("Cc"), header("Delivered-To"), header("X-Original-To")) if v]
    return [address.casefold() for _, address in getaddresses(values) if "@" in address]


def _replies_elsewhere(header: Callable[[str], str]) -> bool:
    """An answer to a buyer goes to the relay; one that goes to another house is a trap."""
    answers = _ADDRESS.findall((header("Reply-To") or "")[:2000].casefold())
    return any(not _site(a.rpartition("@")[2].rstrip(".")) for a in answers)


def _fails_authentication(header: Callable[[str], str]) -> bool:
    results = f"{header('Authentication-Results') or ''} {header('ARC-Authentication-Results') or ''}".casefold()
    return "dmarc=fail" in results or ("spf=fail" in results and "dkim=fail" in results)


def _is_reply_of_machine(header: Callable[[str], str]) -> bool:
    submitted = (header("Auto-Submitted") or "").casefold()
    return "auto-replied" in submitted or bool(header("X-Autoreply") or header("X-Autorespond")) or is_automatic_subject(header("Subject") or "")  # fmt: skip


def is_automatic_subject(subject: str) -> bool:
    """Whether a subject says that a machine wrote: an absence notice or a bounce.

    >>> [is_automatic_subject(s) for s in ("Automatische Antwort: Lampe", "自動返信", "Undelivered Mail", "Lampe kaputt")]
    [True, True, True, False]
    """
    subject = subject.strip()[:300]
    return _AUTOMATIC.match(subject) is not None or _BOUNCE.match(subject) is not None


def _is_automatic(header: Callable[[str], str]) -> bool:
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
