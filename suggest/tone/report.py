"""Shows findings: to people as a table with the place underlined, to editors as SARIF, corrections as a difference."""

import difflib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suggest.tone.fix import correction
from suggest.tone.rules import CATEGORIES, LANGUAGES, SEVERITIES, Finding, Rule
from suggest.tone.team import TeamRules, languages_of, shipped

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from messages import Reply

Found = Sequence[tuple["Reply", Sequence[Finding]]]

MARKED = 2_000  # words that are compared one by one
SHOWN = 40  # findings on the screen; a file holds all
STYLES = {"error": "bold red", "warning": "yellow", "hint": "cyan"}
LEVELS = {"error": "error", "warning": "warning", "hint": "note"}  # what SARIF calls them
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def visible(text: str) -> str:
    """The text on one line, with what does not show written out.

    >>> visible("he\\u200blp\\n us")
    'he⟨200B⟩lp↵ us'
    """
    return _UNSEEN.sub(lambda m: f"⟨{ord(m[0]):04X}⟩", text.replace("\r\n", "\n")).replace("\n", "↵")


def underlined(text: str, start: int, end: int, width: int, style: str) -> "Text":
    """What stands around a finding in so many columns, itself underlined."""
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    said = visible(text[start:end])
    if cell_len(said) > width - 2:
        said = set_cell_size(said, width - 3).rstrip() + "…"
    room = max(width - cell_len(said), 0)
    before, after = visible(text[max(0, start - width) : start]), visible(text[end : end + width])
    left = _last_cells(before, max(room // 2, room - cell_len(after)), start > width)
    right = after if cell_len(after) <= room - cell_len(left) else set_cell_size(after, room - cell_len(left) - 1) + "…"
    return Text.assemble((left, "dim"), (said, f"underline {style}"), (right, "dim"))


def _last_cells(text: str, width: int, is_cut: bool) -> str:
    from rich.cells import cell_len

    if cell_len(text) <= width and not is_cut:
        return text
    kept = text
    while kept and cell_len(kept) > width - 1:
        kept = kept[1:]
    return "…" + kept if width > 1 else ""


def print_findings(
    console: "Console", title: str, found: Found, n_findings: int, n_safe: int, team: TeamRules, chinese: bool = False
) -> None:
    """The first findings, each with its place underlined, the reason, and what to write instead.

    Of `n_findings` in all, `n_safe` can be put right as they are.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    rows = [(reply, f) for reply, findings in found for f in findings]
    shown = Table(title=title, title_justify="left", expand=True, box=SIMPLE_HEAD, pad_edge=False)
    for head in ("row", "severity"):
        shown.add_column(head, no_wrap=True)
    shown.add_column("what, and why", ratio=1)
    numbers = max((len(str(reply.row)) for reply, _ in rows[:SHOWN]), default=0)
    width = max(console.width - max(numbers, len("row")) - len("severity") - 9, 20)  # nine blanks between columns
    last = None
    for reply, f in rows[:SHOWN]:
        style = STYLES[f.severity]
        what = Text("\n").join(_said(reply.text, f, team, width, style, console.is_terminal, chinese))
        shown.add_row("" if reply.row == last else str(reply.row), Text(f.severity, style=style), what)
        last = reply.row
    console.print(shown)
    if n_findings > SHOWN:
        console.print(f"… and {n_findings - SHOWN:,} more findings; -o writes them all.")
    if n_safe:
        console.print(Text(f"✎ {n_safe:,} can be put right as they are: --fix shows how, --fix -o writes the copy."))


def _said(
    text: str, f: Finding, team: TeamRules, width: int, style: str, is_terminal: bool, chinese: bool
) -> "Iterator[Text]":
    from rich.cells import cell_len
    from rich.text import Text

    if f.start < f.end:
        line = underlined(text, f.start, f.end, width, style)
        yield line
        if not is_terminal:  # a file or a pipe shows no underlining
            (span,) = (s for s in line.spans if "underline" in str(s.style))
            yield Text(" " * cell_len(line.plain[: span.start]) + "^" * cell_len(line.plain[span.start : span.end]))
    yield Text.assemble((f.category, style), (f" {f.rule}  ", "dim"), f.message_zh if chinese else f.message)
    if (right := correction(f, team)) is not None:
        yield Text(f"✎ {visible(right) or '(taken out)'}", style="green")
    elif f.instead:
        yield Text(f"→ {visible(f.instead)}", style="green")


def title(name: str, n_replies: int, counts: Mapping[str, int]) -> str:
    """How many replies a file holds and what was found in them, by severity.

    >>> title("r.csv", 2, {"error": 1, "hint": 3})
    'r.csv: 2 replies, 1 error, 3 hints'
    """
    by = ", ".join(f"{counts[s]:,} {s}{'s' * (counts[s] != 1)}" for s in SEVERITIES if counts.get(s))
    return f"{name}: {n_replies:,} {'reply' if n_replies == 1 else 'replies'}, {by or 'nothing found'}"


def print_difference(
    console: "Console", name: str, pairs: Sequence[tuple[int, str, str]], n_changed: int, n_replies: int
) -> None:
    """What a correction changes, row by row: the lines before and after, the changed places marked.

    `pairs` are the first of `n_changed` in all.
    """
    from rich.text import Text

    changed = [(row, a, b) for row, a, b in pairs if a != b]
    for row, before, after in changed:
        console.print(Text(f"{name}, row {row}" if n_replies > 1 else name, style="bold"))
        old, new = before.splitlines(), after.splitlines()
        for group in difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(1):
            console.print(Text(f"@@ line {group[0][1] + 1} @@", style="dim"))
            for kind, a, b, c, d in group:
                if kind == "equal":
                    console.print(Text("\n").join(Text(" " + visible(line), style="dim") for line in old[a:b]))
                else:
                    was, now = _marked("\n".join(old[a:b]), "\n".join(new[c:d]))
                    for sign, style, text in (("-", "red", was), ("+", "green", now)):
                        for line in text.split("\n", allow_blank=False) if text.plain else ():
                            console.print(Text(sign, style=style) + line)
    if n_changed > len(changed):
        console.print(f"… and {n_changed - len(changed):,} more; --fix -o writes them all.")
    console.print(f"{n_changed:,} of {n_replies:,} {'reply' if n_replies == 1 else 'replies'} put right.")


def _marked(before: str, after: str) -> "tuple[Text, Text]":
    """Two texts with what differs between them marked; a long one is only coloured."""
    from rich.text import Text

    was, now = Text(style="red"), Text(style="green")
    old, new = (re.findall(r"\w+|\s|.", text) for text in (before, after))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    is_short = len(old) + len(new) <= MARKED
    for kind, a, b, c, d in matcher.get_opcodes() if is_short else [("equal", 0, len(old), 0, len(new))]:
        style = "" if kind == "equal" else "reverse"
        for text, said in ((was, old[a:b]), (now, new[c:d])):
            for line in re.split("(\n)", "".join(said)):
                text.append(line if line == "\n" else visible(line), style=style)
    return was, now


def sarif_text(
    results: Iterable[dict[str, Any]], rules: Collection[str], team: TeamRules, version: str
) -> Iterator[str]:
    """The findings as a log of SARIF 2.1.0, which editors and code hosts show beside the text, piece by piece.

    `results` are those of `sarif_result`, `rules` the ids that occur in them. Columns count characters, from 1. A place
    in a workbook, which has no lines, is given as its row.
    """
    known = _listed(team)
    used = [name for name in known if name in rules]
    driver = {"name": "Henji", "version": version, "rules": [_about(known[name]) for name in used]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": []}
    schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    log = {"$schema": schema, "version": "2.1.0", "runs": [run]}
    head, _, tail = json.dumps(log, ensure_ascii=False, indent=1).rpartition("[]")
    yield head + "["
    begun = False
    for result in results:
        result["ruleIndex"] = used.index(result["ruleId"])
        yield (
            ("," if begun else "") + "\n    " + json.dumps(result, ensure_ascii=False, indent=1).replace("\n", "\n    ")
        )
        begun = True
    yield ("\n   ]" if begun else "]") + tail + "\n"


def _uri(path: Path) -> str:
    from urllib.parse import quote

    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _about(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.message},
        "help": {"text": f"{rule.message} {rule.message_zh}"},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"category": rule.category, "source": rule.source},
    }


def sarif_result(f: Finding, reply: "Reply", path: Path, team: TeamRules) -> dict[str, Any]:
    """One finding for `sarif_text`, which numbers its rule."""
    uri = _uri(path)
    instead = f" Instead: {f.instead}" if f.instead else ""
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if reply.line:
        place["region"] = _region(reply, f.start, f.end)
    result = {
        "ruleId": f.rule,
        "ruleIndex": -1,
        "level": LEVELS[f.severity],
        "message": {"text": f.message + instead},
        "locations": [{"physicalLocation": place, "logicalLocations": [{"name": f"row {reply.row}"}]}],
        "properties": {"category": f.category, "source": f.source, "message_zh": f.message_zh, "text": f.text},
    }
    right = correction(f, team)
    if right is not None and reply.line and reply.written == "text":
        change = {"deletedRegion": _region(reply, f.start, f.end), "insertedContent": {"text": right}}
        changes = [{"artifactLocation": {"uri": uri}, "replacements": [change]}]
        result["fixes"] = [{"description": {"text": "Put it right"}, "artifactChanges": changes}]
    return result


def _region(reply: "Reply", start: int, end: int) -> dict[str, int]:
    (line, column), (end_line, end_column) = reply.position(start), reply.position(end)
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}


def _listed(team: TeamRules) -> dict[str, Rule]:
    return {name: rows[0][1] for name, rows in shipped().items()} | {rule.id: rule for rule in team.own}


def rule_rows(team: TeamRules) -> list[dict[str, Any]]:
    """One row for every rule, shipped and own: what it is, for which languages, how much it holds, and its state.

    >>> [(r["rule"], r["languages"]) for r in rule_rows(TeamRules()) if r["rule"] == "misspelt"]
    [('misspelt', 'en de fr es it')]
    """
    own = {rule.id: tuple((language, rule) for language in languages_of(rule)) for rule in team.own}
    rows = []
    for name, versions in (dict(shipped()) | own).items():
        rule = versions[0][1]
        distinct = {id(r): r for _, r in versions}.values()
        proofs = {kind: {s for _, r in versions for s in getattr(r, kind)} for kind in ("flagged", "clean")}
        rows.append(
            {
                "category": rule.category,
                "rule": name,
                "severity": team.severity.get(name, rule.severity),
                "source": rule.source,
                "languages": " ".join(dict.fromkeys(language for language, _ in versions)),
                "phrases": sum(len(r.phrases) + len(r.patterns) for r in distinct),
                "flagged": len(proofs["flagged"]),
                "clean": len(proofs["clean"]),
                "state": "off" if name in team.off else "own" if name in own else _only_if_asked(rule, team),
                "message": rule.message,
                "message_zh": rule.message_zh,
            }
        )
    return sorted(rows, key=lambda r: (CATEGORIES.index(str(r["category"])), r["rule"]))


def _only_if_asked(rule: Rule, team: TeamRules) -> str:
    return "on" if team.writing or rule.kind != "writing" else "with --writing"


def print_rules(console: "Console", rows: Sequence[Mapping[str, Any]]) -> None:
    """Every rule by category, and how many there are for each language."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    title = f"{len(rows):,} rules"
    shown = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True, title=title, title_justify="left")
    for head in ("rule", "severity", "source"):
        shown.add_column(head, no_wrap=True)
    shown.add_column("languages", min_width=9)
    for head in ("words", "proofs"):
        shown.add_column(head, justify="right", no_wrap=True)
    last = ""
    for row in rows:
        if row["category"] != last:
            shown.add_row(Text(row["category"], style="bold"))
        is_off = row["state"] in ("off", "with --writing")
        severity = Text("off" if is_off else row["severity"], style="dim" if is_off else STYLES[row["severity"]])
        source = "your own" if row["state"] == "own" else row["source"]
        counts = (str(row["phrases"] or ""), f"{row['flagged']}+{row['clean']}")
        shown.add_row("  " + row["rule"], severity, source, _shortly(row["languages"]), *counts)
        last = row["category"]
    console.print(shown)
    by_language = ", ".join(f"{c} {sum(c in row['languages'].split() for row in rows)}" for c in LANGUAGES)
    console.print(f"Rules by language: {by_language}. Proofs: sentences found + sentences not found.")
    if asked := [row["rule"] for row in rows if row["state"] == "with --writing"]:
        console.print(f"Only with --writing, or writing = true in henji.toml: {' '.join(asked)}.")


def _shortly(languages: str) -> str:
    """The languages of a rule, or the one that is missing.

    >>> _shortly("en de fr es it"), _shortly("en de fr es it ja"), _shortly("de")
    ('not ja', 'all', 'de')
    """
    without = [language for language in LANGUAGES if language not in languages.split()]
    return languages if len(without) > 1 else f"not {without[0]}" if without else "all"
