"""The page of suggestions: what it shows, that it shows any text as text, and that a browser runs none of it."""

import base64
import csv
import dataclasses
import hashlib
import re
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from messages import InputError
from suggest import Suggestion, suggest_reply
from suggest.fill import Fact
from suggest.sheet import LONG, MOST_CARDS, Card, marked, reasons, sheet_page, shown
from suggest.tone import Finding

NOW = datetime(2026, 11, 21, 15, tzinfo=UTC)
ORDER = {
    "order_id": "113-4410982-7753061",
    "buyer_name": "Anna Klein",
    "carrier": "UPS",
    "tracking_id": "1Z7A20E60391184425",
    "shipped_at": "2026-11-13",
    "eta": "2026-11-17",
}
MESSAGES = [
    ("Where is my parcel? It should have been here on Tuesday.", "US"),
    ("Wo bleibt mein Paket? Es sollte am Dienstag da sein.", "DE"),
    ("荷物はいつ届きますか。火曜日の予定でした。", "JP"),
]
HOSTILE = (
    "<script>document.title = 'ran'</script><img src=x onerror=\"document.title='ran'\"></script></style></title></p>"
    "<svg onload=document.title='ran'>-->]]>\"' onclick=\"x\" autofocus onfocus='x' {{ 7*7 }}{% for x in y %}{# no #}"
    "&lt;b&gt; &amp;amp; javascript:alert(1) \u202etxt.exe\u202c \u2066\u200b\u200f\ufeff zero "
    "\ud800 half \udc00 \x00\x1b[2J \x85"
)


def made(message: str = MESSAGES[0][0], marketplace: str = "US", **changed: object) -> Suggestion:
    s = suggest_reply(message, order=ORDER, marketplace=marketplace, now=NOW)
    return dataclasses.replace(s, **changed)  # type: ignore[arg-type]


def card(suggestion: Suggestion | None = None, **more: object) -> Card:
    known = {"message": "Where is it?", "row": 2, "marketplace": "US", "language": "en"} | more
    return Card(suggestion=suggestion or made(), **known)  # type: ignore[arg-type]


def hostile() -> Card:
    """A card with hostile text wherever there is text."""
    finding = Finding(**{f.name: HOSTILE for f in dataclasses.fields(Finding)} | {  # type: ignore[arg-type]
        "severity": "error", "start": 3, "end": 40})  # fmt: skip
    s = made(
        text=HOSTILE, text_zh=HOSTILE, scenario=HOSTILE, also=(HOSTILE,), flags=(HOSTILE,), language=HOSTILE,
        template_id=HOSTILE, facts={HOSTILE: Fact(HOSTILE, HOSTILE)}, missing_facts=(HOSTILE,), findings=(finding,),
        reasons=(HOSTILE,), places=((HOSTILE, 0, 20), (HOSTILE, 30, 60)),
    )  # fmt: skip
    s = dataclasses.replace(s, alternatives=(s,))
    text = dict.fromkeys(("message", "language", "order_id", "message_id", "subject", "issues", "marketplace"), HOSTILE)
    return Card(**text, suggestion=s, row=2, earlier=(HOSTILE,))  # type: ignore[arg-type]


def as_kept(text: str) -> str:
    """What a page can hold of a text: no half characters, no NUL."""
    return re.sub("[\x00\ud800-\udfff]", "\ufffd", text)


# ---------------------------------------------------------------- what is shown


@pytest.mark.parametrize(("message", "marketplace"), MESSAGES)
def test_the_places_of_facts_hold_their_values(message: str, marketplace: str) -> None:
    s = made(message, marketplace)
    assert {name for name, _, _ in s.places} == set(s.facts)
    for name, start, end in s.places:
        value = s.facts[name].value
        assert s.text[start:end] in (value, value.rstrip(" .。"))


@pytest.mark.parametrize(("message", "marketplace"), MESSAGES)
def test_a_reply_is_whole_on_the_page_and_its_facts_stand_out(message: str, marketplace: str) -> None:
    s = made(message, marketplace)
    page = LexborHTMLParser(sheet_page([card(s, message=message, marketplace=marketplace)], "log.csv"))
    reply = page.css_first(".reply")
    assert reply.text() == s.text
    assert reply.attributes["lang"] == s.language
    marks = [m.text() for m in reply.css("mark")]
    assert ORDER["order_id"] in marks and ORDER["tracking_id"] in marks
    assert s.facts["sign_off"].value not in marks  # its source is the language: no fact
    known = {row.attributes["data-field"] for row in page.css(".facts tr[data-field]")}
    assert {m.attributes["data-field"] for m in reply.css("mark")} <= known
    assert page.css_first(".gloss").text() == s.text_zh
    assert page.css_first(".gloss").attributes["lang"] == "zh-Hans"


def test_places_of_facts_and_findings_may_cross() -> None:
    finding = Finding("vague", "vague-time", "warning", 2, 6, "cdef", "m", "m", "", "house")
    worse = dataclasses.replace(finding, severity="error", start=5, end=7)
    nowhere = dataclasses.replace(finding, start=0, end=0)
    s = made(text="abcdefgh", places=(("eta", 4, 8),), facts={"eta": Fact("efgh", "order.eta")},
             findings=(nowhere, finding, worse))  # fmt: skip
    assert marked(s) == [
        ("ab", "", ""),
        ("cd", "", "warning"),
        ("e", "eta", "warning"),
        ("f", "eta", "error"),
        ("g", "eta", "error"),
        ("h", "eta", ""),
    ]


def test_cards_stand_in_the_order_in_which_they_are_due_with_counts() -> None:
    cards = [
        card(made(reply_by=NOW + timedelta(hours=hours), status=status), row=row)
        for row, hours, status in ((2, 20, "ready"), (3, 4, "review"), (4, 9, "ready"))
    ]
    page = LexborHTMLParser(sheet_page(cards, "log.csv", "Asia/Shanghai"))
    assert [a.attributes["data-row"] for a in page.css("article")] == ["3", "4", "2"]
    counts = {b.attributes["data-show"]: b.css_first("b").text() for b in page.css("button[data-show]")}
    assert counts == {"": "3", "ready": "2", "review": "1"}
    due = page.css_first(".due").text()
    assert "Sat 21 Nov, 14:00" in due and "New York" in due  # the buyer's clock
    assert "Sun 22 Nov, 03:00" in due and "上海" in due  # the team's, in both languages


def test_missing_facts_reasons_findings_and_money_are_named() -> None:
    s = suggest_reply("I want some money back, the lid is scratched.", order=ORDER | {"order_total": "50"}, now=NOW,
                      marketplace="US")  # fmt: skip
    page = LexborHTMLParser(sheet_page([card(s)], "log.csv")).css_first("article").text()
    told = reasons(s)
    assert told and len(told) == len(s.reasons) - 1 and all(said in page for both in told for said in both)
    assert s.missing_facts and all(name in page for name in s.missing_facts)


def test_what_was_answered_comes_last_and_is_not_due() -> None:
    answered = made(text="", status="no_reply", template_id="", places=(), reasons=("answered already, in row 9",),
                    reply_by=NOW - timedelta(days=9))  # fmt: skip
    page = LexborHTMLParser(sheet_page([card(answered, row=2), card(row=3)], "log.csv"))
    assert [a.attributes["data-row"] for a in page.css("article")] == ["3", "2"]
    assert len(page.css("[data-due]")) == 1
    assert "answered already" in page.css("article")[1].text()


@pytest.mark.parametrize("status", ["no_reply", "person"])
def test_without_a_reply_there_is_nothing_to_copy_and_the_next_step_is_said(status: str) -> None:
    page = LexborHTMLParser(sheet_page([card(made(text="", text_zh="", status=status, places=()))], "log.csv"))
    assert page.css(".copy") == [] and page.css_first(".nothing").text()


def test_an_empty_log_says_so() -> None:
    page = LexborHTMLParser(sheet_page([], "log.csv"))
    assert "hidden" not in page.css_first("#none").attributes


def test_too_many_messages_are_refused_with_what_to_do() -> None:
    with pytest.raises(InputError, match=r"big\.csv: 5,001 messages; a page holds 5,000\. Write XLSX"):
        sheet_page([card()] * (MOST_CARDS + 1), "big.csv")


def test_a_thousand_cards_are_written_quickly() -> None:
    cards = [card()] * 1000
    began = time.perf_counter()
    page = sheet_page(cards, "log.csv", "Asia/Shanghai")
    assert time.perf_counter() - began < 10
    assert len(page) < 12_000_000
    assert "content-visibility: auto" in page


# ---------------------------------------------------------------- any text is text


def test_hostile_text_in_every_field_is_shown_as_text() -> None:
    """P21: no element, attribute or script comes from what a buyer or a file holds."""
    plain = LexborHTMLParser(sheet_page([card(dataclasses.replace(made(), alternatives=(made(),)))], "log.csv"))
    page = LexborHTMLParser(sheet_page([hostile()], HOSTILE).encode("utf-8", "replace").decode("utf-8"))
    scripts = [s.text() for s in page.css("script")]
    assert scripts == [s.text() for s in plain.css("script")]
    assert {e.tag for e in page.css("*")} <= {e.tag for e in plain.css("*")} | {"ul", "li", "u", "bdi", "b"}
    for element in page.css("*"):
        assert not [name for name in element.attributes if name.startswith("on") or name in ("style", "href", "src")]
    wanted = as_kept(HOSTILE)
    for place in (
        ".in .text",
        ".in .text ~ .text",
        ".reply",
        ".gloss",
        ".why p",
        ".facts td.value",
        ".findings li",
        ".of",
        "h2 .chip.flag",
    ):
        assert wanted in page.css_first(f"article {place}").text(), place
    assert "7*7" in page.css_first("title").text()
    assert len(page.css("article")) == 1


def test_the_policy_of_the_page_allows_its_own_script_and_style_only() -> None:
    page = LexborHTMLParser(sheet_page([hostile()], "log.csv"))
    policy = page.css_first("meta[http-equiv]").attributes["content"] or ""
    assert "default-src 'none'" in policy and "unsafe" not in policy
    for tag in ("script", "style"):
        (own,) = page.css(tag)
        digest = base64.b64encode(hashlib.sha256(own.text().encode("utf-8")).digest()).decode("ascii")
        assert f"{tag}-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize(("text", "signs"), [
    ("plain, 日本語, Grüße, مرحبا", []),
    ("a\u202eb", ["U+202E"]),
    ("a\u200bb\u2060", ["U+200B", "U+2060"]),
    ("\ud800", ["U+D800"]),
    ("\x00\x07", ["U+0000", "U+0007"]),
    ("tab\tline\nend", []),
    ("👨\u200d👩\u200d👧 ❤\ufe0f", []),  # joined into one picture
    ("a\u200db", ["U+200D"]),
    ("\U000e0041", ["U+E0041"]),  # a letter that shows nowhere
])  # fmt: skip
def test_what_does_not_show_is_made_to_show(text: str, signs: list[str]) -> None:
    page = LexborHTMLParser(f"<p>{shown(text)}</p>")
    assert [e.attributes["data-sign"] for e in page.css(".sign")] == signs
    assert page.css_first("p").text() == as_kept(text)


def test_a_long_text_is_whole_and_in_a_box_of_its_own() -> None:
    text = "<b>" + "x" * 100_000
    began = time.perf_counter()
    page = LexborHTMLParser(sheet_page([card(message=text)], "log.csv"))
    assert time.perf_counter() - began < 2
    box = page.css_first(".in .text")
    assert box.text() == text and "long" in (box.attributes["class"] or "") and box.attributes["tabindex"] == "0"
    short = LexborHTMLParser(sheet_page([card(message="x" * LONG)], "log.csv")).css_first(".in .text")
    assert "tabindex" not in short.attributes


def test_time_grows_with_the_text_and_no_faster() -> None:
    def seconds(n: int) -> float:
        began = time.perf_counter()
        shown("\u202e<'&\ud800" * n)
        return time.perf_counter() - began

    seconds(1000)
    assert seconds(100_000) < 30 * max(seconds(10_000), 0.002)


# ---------------------------------------------------------------- readable by everybody


PAIRS = [
    ("ink", "paper"), ("ink", "ground"), ("ink", "tint"), ("ink", "fact"), ("soft", "paper"), ("soft", "ground"),
    ("soft", "tint"), ("ready", "ready-tint"), ("review", "review-tint"), ("person", "person-tint"),
    ("no-reply", "no-reply-tint"), ("paper", "ink"),
]  # fmt: skip


def luminance(colour: str) -> float:
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_colours_have_the_contrast_that_wcag_asks_for() -> None:
    style = sheet_page([], "log.csv").split("<style>")[1].split("</style>")[0]
    themes = [dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in re.findall(r"[{]([^{}]+)[}]", style)]
    light, *dark = (theme for theme in themes if theme)
    assert len(dark) == 2 and dark[0] == dark[1]  # by choice or by the system
    for theme in (light, dark[0]):
        for ink, ground in PAIRS:
            assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground, theme[ink], theme[ground])
        for line in ("edge", "blue"):  # borders of what can be pressed, underlines, focus
            assert contrast(theme[line], theme["paper"]) >= 3, line


def test_headings_have_no_gaps_and_every_control_a_name() -> None:
    page = LexborHTMLParser(sheet_page([card(), card(row=3)], "log.csv"))
    levels = [int(e.tag[1]) for e in page.css("h1, h2, h3")]
    assert levels[0] == 1 and all(b - a <= 1 for a, b in pairwise(levels))
    ids = [e.attributes["id"] for e in page.css("[id]")]
    assert len(ids) == len(set(ids))
    for control in page.css("select, input"):
        assert control.parent is not None and control.parent.tag == "label"
    for button in page.css("button"):
        assert button.text().strip()
    for chip in page.css("h2 .status"):
        assert chip.text().strip()  # no colour alone


def test_every_word_of_the_page_is_there_in_both_languages() -> None:
    page = LexborHTMLParser(sheet_page([card()], "log.csv"))
    english, chinese = page.css(".e"), [e for e in page.css(".z") if (e.prev and e.prev.attributes.get("class") == "e")]
    assert len(english) == len(chinese) > 20


# ---------------------------------------------------------------- the command


def test_the_command_writes_the_page_and_sets_aside_as_a_table(tmp_path: Path) -> None:
    """Through the whole program: a log and orders that are hostile in every column."""
    bad = HOSTILE.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
    log, orders, out = tmp_path / "log.csv", tmp_path / "orders.csv", tmp_path / "out.html"
    message, known = f"Where is my parcel? {bad}", ORDER["order_id"]
    write_rows(log, [
        {"Message ID": f"1{bad}", "Order ID": known, "Subject": bad, "Message": message, "Scenario": "returns"},
        {"Message ID": "2", "Order ID": bad, "Subject": bad, "Message": "", "Scenario": "other"},
        {"Message ID": "3", "Order ID": known, "Subject": "", "Message": "I need it by Friday.", "Scenario": "other"},
    ])  # fmt: skip
    named = dict.fromkeys(
        ("buyer_name", "product_name", "carrier", "tracking_id", "manual_steps", "product_specs"), bad
    )
    write_rows(orders, [{"order_id": ORDER["order_id"], **named}])
    command = [sys.executable, "-m", "henji", "suggest", str(log), "--orders", str(orders), "-o", str(out)]
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 0, done.stderr
    page = LexborHTMLParser(out.read_text(encoding="utf-8"))
    last, first = (c.css(".in .text") for c in page.css("article"))  # what waits comes first
    assert [t.text() for t in last] == ["I need it by Friday.", first[0].text().partition("\n")[2]]
    assert "<script>document.title = 'ran'</script><img src=x" in last[1].text()
    assert len(page.css("script")) == 1 and page.css("img, svg") == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log.csv", "orders.csv", "out.html", "out.quarantine.csv"]


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


# ---------------------------------------------------------------- in a browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
in_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


def opened(tmp_path: Path, page: str, driver: str = "", wide: int = 0) -> LexborHTMLParser:
    """The page after Chromium has run it, in a frame of a width if one is given; its network points at nothing.

    A driver is one more script that the page's own policy is told to let run; it says what it saw in `told`.
    """
    if driver:
        code = DRIVER + driver + TELL
        digest = base64.b64encode(hashlib.sha256(code.encode("utf-8")).digest()).decode("ascii")
        page = page.replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
        page = page.replace("</body>", f"<script>{code}</script></body>")
    path = tmp_path / "page.html"
    path.write_text(page.encode("utf-8", "replace").decode("utf-8"), encoding="utf-8")
    if wide:
        path = tmp_path / "frame.html"
        frame = f'<iframe src="page.html" width="{wide}" height="800"></iframe>'
        path.write_text(f"{frame}<script>onmessage = e => document.body.dataset.told = e.data</script>", "utf-8")
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--accept-lang=en-US", "--disable-dev-shm-usage",
        f"--user-data-dir={tmp_path / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND",
        "--virtual-time-budget=3000", "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=60)
    return LexborHTMLParser(done.stdout.decode("utf-8", "replace"))


def told(tmp_path: Path, cards: list[Card], driver: str, wide: int = 0) -> list[str]:
    body = opened(tmp_path, sheet_page(cards, "log.csv", "Asia/Shanghai"), driver, wide).css_first("body")
    return (body.attributes.get("data-told") or "nothing").split("|")


DRIVER = """
const press = key => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
const rows = () => all("article:not([hidden])").map(a => a.dataset.row).join(" ");
const later = () => new Promise(then => setTimeout(then, 50));
const told = [];
(async () => {
"""
TELL = """
})().catch(error => told.push(String(error))).finally(() => {
  document.body.dataset.told = told.join("|");
  if (parent !== window) parent.postMessage(told.join("|"), "*");
});
"""


@in_chromium
def test_a_browser_runs_nothing_that_a_buyer_wrote(tmp_path: Path) -> None:
    page = opened(tmp_path, sheet_page([hostile()], HOSTILE))
    assert page.css_first("title").text().startswith("Henji")
    assert page.css_first("#count").text() == "1 of 1 shown"  # our own script ran
    assert as_kept(HOSTILE) in page.css_first(".reply").text()
    assert {e.tag for e in page.css("img, svg, iframe, object, a, link")} == set()


@in_chromium
def test_filters_search_order_keys_and_switches_work(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    cards = [
        card(made(status="ready", scenario="returns", reply_by=now + timedelta(hours=20)), row=2),
        card(made(status="review", reply_by=now + timedelta(hours=2)), row=3, message="The lid has a scratch."),
        card(made(status="review", reply_by=now - timedelta(hours=2)), row=4),
    ]
    driver = """
      told.push("all " + rows());
      press("2"); told.push("review " + rows());
      press("0"); told.push("due first " + order.value);
      order.value = "row"; order.dispatchEvent(new Event("change")); told.push("as in the log " + rows());
      search.value = "ＳＣＲＡＴＣＨ lid"; show(); told.push("found " + rows());
      search.value = "nowhere"; show(); told.push("none " + rows() + !none.hidden);
      find("#everything").click(); told.push("everything " + rows());
      scenario.value = "returns"; show(); told.push("returns " + rows());
      find("#everything").click();
      press("j"); press("j"); told.push("second " + document.activeElement.dataset.row);
      shortcuts.click(); press("j"); told.push("keys off " + document.activeElement.dataset.row); shortcuts.click();
      find("mark").focus(); told.push(find("#tip .e").textContent + " " + parseInt(find("#tip").style.left) + "px");
      press("Escape"); told.push("gone " + find("#tip").hidden);
      find("#words").click(); told.push(document.documentElement.lang + find("#count").textContent);
      find("#theme").click(); told.push("theme " + root.dataset.theme);
      told.push(all(".due b").map(b => b.className).join(" "));
    """
    *seen, tip, gone, words, theme, due = told(tmp_path, cards, driver)
    assert seen == [
        "all 4 3 2",
        "review 4 3",
        "due first place",
        "as in the log 2 3 4",
        "found 3",
        "none true",
        "everything 2 3 4",
        "returns 2",
        "second 3",
        "keys off 3",
    ]
    assert re.fullmatch(r"order data \d+px", tip), tip  # placed although the policy forbids styles in attributes
    assert (gone, words, theme, due) == ("gone true", "zh-Hans显示 3 / 3", "theme dark", "ready review person")


@in_chromium
def test_a_copy_is_the_reply_and_nothing_else_with_or_without_a_clipboard(tmp_path: Path) -> None:
    s = made()
    driver = """
      const clip = value => Object.defineProperty(navigator, "clipboard", { value, configurable: true });
      let got = "";
      clip({ writeText: async text => { got = text; } });
      find(".copy").click(); await later(); told.push("clipboard " + got, said.textContent);
      clip(undefined);
      document.execCommand = () => { got = document.activeElement.value; return true; };
      got = ""; find(".copy").click(); await later(); told.push("by hand " + got, said.textContent);
      document.execCommand = () => false;
      find(".copy").click(); await later(); told.push("selected " + getSelection().toString().length, said.textContent);
      got = ""; clip({ writeText: async text => { got = text; } });
      find("article").focus(); press("c"); await later(); told.push("key " + got);
    """
    clipboard, copied, by_hand, copied_again, selected, advice, key = told(tmp_path, [card(s)], driver)
    assert (clipboard, by_hand, key) == (f"clipboard {s.text}", f"by hand {s.text}", f"key {s.text}")
    assert copied == copied_again == "Copied."
    assert int(selected.split()[1]) > 100 and "Ctrl+C" in advice


@in_chromium
@pytest.mark.parametrize("wide", [375, 900, 1400])
def test_nothing_is_wider_than_the_window(wide: int, tmp_path: Path) -> None:
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3
    s = made(text=word, text_zh=word, reasons=(word,), missing_facts=(word,), flags=(word,), template_id=word,
             places=(("order_id", 0, len(word)),), facts={"order_id": Fact(word, word)})  # fmt: skip
    long = card(s, order_id=word, message_id=word, subject=word, message=word * 9, issues=word)
    driver = """
      for (const details of all("details")) details.open = true;
      for (const words of ["zh", "en"]) {
        speak(words);
        const wider = all("body *").filter(e => e.getBoundingClientRect().right > innerWidth);
        told.push(words, ...wider.map(e => e.tagName + e.className));
      }
    """
    assert told(tmp_path, [hostile(), long, card()], driver, wide) == ["zh", "en"]
