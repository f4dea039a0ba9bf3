"""`henji check` and `henji rules`: what must not be sent, and the rules that say so."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.shared import (
    Json,
    Market,
    Masked,
    Output,
    PolicyFile,
    Scheduler,
    Strict,
    Wanted,
    Workers,
    app,
    digest_of,
    each_part,
    open_console,
    print_after,
    print_json,
    reading,
    run_batch,
    wanted_output,
)  # fmt: skip

if TYPE_CHECKING:
    import pandas as pd

    from messages import Order, Replies, Reply, Threaded
    from messages.batch import Batch, Finished, Job
    from suggest import Checked, Policy
    from suggest.tone import Finding
    from suggest.tone.report import Found

SARIF = ".sarif"


@app.command("check")
def check_replies(
    replies: Annotated[
        Path,
        typer.Argument(metavar="REPLIES", help="a text, a table with a column `reply`, or a log with agents' replies"),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="findings as CSV, XLSX, JSONL, Parquet or SARIF; with --fix the corrected copy",
        ),
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="show what can be put right without judgement")] = False,
    orders: Annotated[Path | None, typer.Option(help="a table with the fields of Order, one row an order")] = None,
    language: Annotated[str | None, typer.Option("--language", "-l", help="of the buyer: en de fr es it ja")] = None,
    marketplace: Market = None,
    policy: PolicyFile = Path("henji.toml"),
    writing: Annotated[bool, typer.Option("--writing", help="hints on spelling and long sentences too")] = False,
    chinese: Annotated[bool, typer.Option("--zh", help="reasons in Chinese")] = False,
    workers: Workers = 1,
    scheduler: Scheduler = "",
    masked: Masked = False,
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Find wrong tone and policy breaches in replies; exits with 1 when one must not be sent.

    A line `[henji: ignore RULE]` in a reply, or a cell in a column `ignore`, switches a rule off there.
    """
    from messages import read_replies
    from messages.batch import Work
    from messages.output import TABLES
    from messages.replies import TABLES as COPIES
    from messages.replies import TEXTS
    from messages.tables import read_orders

    seller = _with_hints(policy, writing)
    copies = TEXTS if replies.suffix.lower() in TEXTS else COPIES
    kinds = copies if fix else (*TABLES, SARIF)
    wanted = Wanted(*wanted_output(output, [replies], kinds), workers, scheduler, json, masked, strict)
    known_orders = read_orders(orders) if orders else {}
    with reading(json):
        read = read_replies(replies, each_part(wanted))
    known = _Known(read.column, replies.name, language, marketplace, known_orders, seller, fix)
    settings = {
        "command": "check", "column": read.column, "fix": fix, "language": language, "marketplace": marketplace,
        "orders": digest_of(orders), "policy": repr(seller), "json": json, "path": str(replies),
    }  # fmt: skip
    checking = _Checking(replies, read, wanted, known)
    work = Work(read, partial(_check_part, known=known), checking.settle, checking.recall)
    batch = run_batch([read.log], wanted, settings, lambda now: work, end=checking.end)
    checking.show(batch, chinese)
    if not read.log.complete:
        raise typer.Exit(3)
    if batch.counts["severity"]["error"] or (strict and batch.n_aside):
        raise typer.Exit(1)


@app.command("rules")
def list_rules(
    language: Annotated[str | None, typer.Option("--language", "-l", help="only those of one language")] = None,
    policy: PolicyFile = Path("henji.toml"),
    output: Output = None,
    json: Json = False,
) -> None:
    """List every rule of the check: its severity, source, languages, and how much it holds."""
    import pandas as pd

    from messages import InputError
    from messages.output import write_table
    from suggest.policy import read_policy
    from suggest.tone.report import print_rules, rule_rows
    from suggest.tone.rules import LANGUAGES

    if language and language not in LANGUAGES:
        raise InputError(f"No rules for language {language!r}. Known: {' '.join(LANGUAGES)}.")
    rows = [r for r in rule_rows(read_policy(policy).rules) if not language or language in r["languages"].split()]
    if output:
        write_table(pd.DataFrame(rows), output)
    if json:
        print_json({"rules": rows})
    elif not output:
        print_rules(open_console(), rows)


def _with_hints(policy: Path, writing: bool) -> "Policy":
    """The seller's settings, with hints on writing where they were asked for here."""
    from dataclasses import replace

    from suggest.policy import read_policy

    settings = read_policy(policy)
    return replace(settings, rules=replace(settings.rules, writing=True)) if writing else settings


@dataclass(frozen=True)
class _Known:
    """What replies are checked against, and how they are read."""

    column: str
    name: str
    language: str | None
    marketplace: str | None
    orders: "dict[str, Order]"
    policy: "Policy"
    fix: bool


@dataclass(frozen=True)
class _CheckedPart:
    """What a worker finds in a part: each reply by itself, its text before it was put right, what is set aside."""

    n_in: int
    checked: "list[Checked]"
    before: list[str]
    aside: "pd.DataFrame"


def _check_part(threaded: "Threaded", *, known: _Known) -> _CheckedPart:
    """The replies of a part with what is found in each by itself."""
    from messages import replies_of
    from suggest import check_batch
    from suggest.tone import corrected

    def check(replies: "Sequence[Reply]") -> "list[Checked]":
        return check_batch(
            replies,
            language=known.language,
            marketplace=known.marketplace,
            orders=known.orders,
            policy=known.policy,
        )

    def put_right(reply: "Reply") -> "Reply":
        def find(text: str) -> "list[Finding]":
            return check([replace(reply, text=text)])[0].findings

        return replace(reply, text=corrected(reply.text, find, known.policy.rules))

    replies, aside = replies_of(threaded, known.column, known.name)
    right = [put_right(reply) for reply in replies] if known.fix else replies
    return _CheckedPart(len(threaded.part.rows), check(right), [reply.text for reply in replies], aside)


class _Checking:
    """A run of check: what of each reply later ones are held against, and what people see of it."""

    def __init__(self, path: Path, read: "Replies", wanted: Wanted, known: _Known):
        from suggest.tone import Earlier

        self.path, self.read, self.wanted, self.known = path, read, wanted, known
        self.earlier = Earlier()
        self.shown: list[Mapping[str, Any]] = []

    def settle(self, part: _CheckedPart) -> "Finished":
        """A part with what is found between its replies and those before them, written for the output."""
        from messages.batch import with_aside
        from suggest import with_repeats
        from suggest.tone.fix import correction

        rules = self.known.policy.rules
        found = [(c.reply, with_repeats(c, self.earlier, self.known.policy)) for c in part.checked]
        findings = [f for _, each in found for f in each]
        body, columns = self._written(found)
        done = with_aside(
            part.aside,
            self.wanted.suffix,
            self.wanted.masked,
            body=body,
            columns=columns,
            n_in=part.n_in,
            n_rows=len(found),
            counts={
                "severity": Counter(f.severity for f in findings),
                "rule": Counter(f.rule for f in findings),
                "safe": {"": sum(correction(f, rules) is not None for f in findings)},
                "changed": {"": sum(r.text != text for (r, _), text in zip(found, part.before, strict=True))},
            },
            shown=self._shown(found, part.before),
            marks=[c.said.kept() for c in part.checked],
        )
        self._show(done)
        return done

    def recall(self, part: "Finished") -> None:
        """Hold later replies against those of a part that was finished before the run was stopped."""
        from suggest.tone import Said

        for kept in part.marks:
            self.earlier.add(Said(*kept))
        self._show(part)

    def _show(self, part: "Finished") -> None:
        self.shown += part.shown if self.wanted.json else part.shown[: _MOST - len(self.shown)]

    def _shown(self, found: "Found", before: Sequence[str]) -> list[dict[str, Any]]:
        """The first replies of a part of which people see what was found or changed; all where machines read."""
        told = (
            {"row": reply.row, "text": reply.text, "before": text, "findings": [vars(f) for f in findings]}
            for (reply, findings), text in zip(found, before, strict=True)
            if text != reply.text or (findings and (self.wanted.json or not self.known.fix))
        )
        return list(told if self.wanted.json else islice(told, _MOST - len(self.shown)))

    def _written(self, found: "Found") -> tuple[bytes, Sequence[str]]:
        """The rows of a part for the output: findings, or replies as they are put right."""
        import json

        import pandas as pd

        from messages.output import encode_rows
        from messages.replies import TEXTS
        from suggest.tone import Finding
        from suggest.tone.report import sarif_result

        kind = self.wanted.suffix
        if self.known.fix:
            if kind in TEXTS:
                return "".join(reply.text for reply, _ in found).encode("utf-8", "replace"), ()
            column, columns = self.read.column or "reply", self.read.columns
            copied = [{**reply.facts, column: reply.text} for reply, _ in found]
            is_guarded = self.read.column and self.path.suffix.lower() != ".jsonl"  # not twice
            cells = [[_cell(row.get(name, ""), bool(is_guarded)) for name in columns] for row in copied]
            frame = pd.DataFrame(cells, columns=columns, dtype="string")
            if not self.read.column:
                frame["row"] = [reply.row for reply, _ in found]
            return encode_rows(frame, kind), columns
        if kind == SARIF:
            results = [
                sarif_result(f, reply, self.path, self.known.policy.rules) for reply, each in found for f in each
            ]
            return "".join(json.dumps(result) + "\n" for result in results).encode("ascii"), ()
        columns = ["row", *(f.name for f in fields(Finding))]
        rows = [{"row": reply.row, **vars(f)} for reply, each in found for f in each]
        return encode_rows(pd.DataFrame(rows, columns=columns), kind), columns

    def end(self, job: "Job | None", batch: "Batch") -> None:
        """Put the output in its place."""
        from messages import InputError
        from messages.output import ROW_LIMIT, assemble
        from messages.replies import TEXTS

        if job is None:
            return
        if self.wanted.suffix == ".xlsx" and not self.known.fix and batch.counts["rule"].total() > ROW_LIMIT:
            raise InputError(f"{job.output}: a worksheet holds {ROW_LIMIT:,} findings. Write CSV or Parquet.")
        put_together: dict[str, Callable[[Iterable[bytes], Sequence[str], str, Path], None]] = {
            SARIF: partial(_write_sarif, batch, self.known.policy),
            **dict.fromkeys(TEXTS, _write_texts),
        }
        job.put_in_place(batch.n_aside > 0, put_together.get(self.wanted.suffix, assemble))

    def show(self, batch: "Batch", chinese: bool) -> None:
        """Print what was found, and what else people should know."""
        from messages import Reply
        from suggest.tone import Finding
        from suggest.tone.report import print_difference, print_findings, title

        counts, rules = batch.counts, self.known.policy.rules
        if self.wanted.json:
            table = [{"row": told["row"], **f} for told in self.shown for f in told["findings"]]
            changed = [
                {"row": told["row"], "before": told["before"], "after": told["text"]}
                for told in self.shown
                if told["before"] != told["text"]
            ]
            more = {"corrected": changed} if self.known.fix else {}
            print_json({"replies": batch.n_rows, "findings": table, **more, **self._aside_told(batch)})
            return
        console = open_console()
        if self.known.fix:
            pairs = [(told["row"], told["before"], told["text"]) for told in self.shown]
            print_difference(console, self.path.name, pairs, counts["changed"].total(), batch.n_rows)
            console.print(title("What is left", batch.n_rows, counts["severity"]))
        else:
            found = [
                (Reply(told["row"], told["text"]), [Finding(**f) for f in told["findings"]]) for told in self.shown
            ]
            headline = title(self.path.name, batch.n_rows, counts["severity"])
            print_findings(console, headline, found, counts["rule"].total(), counts["safe"].total(), rules, chinese)
        print_after(batch, [self.read.log], self.wanted, "check")

    def _aside_told(self, batch: "Batch") -> dict[str, Any]:
        """What machines should know of rows that were set aside, where there are any."""
        aside = {"set_aside": batch.n_aside} if batch.n_aside else {}
        return aside | ({} if self.read.log.complete else {"complete": False})


def _cell(text: str, is_guarded: bool) -> str:
    from messages.output import unguard

    return (unguard(text) if is_guarded else text).encode("utf-8", "replace").decode("utf-8")


_MOST = 40  # replies on the screen; a file holds all


def _write_texts(bodies: Iterable[bytes], columns: Sequence[str], suffix: str, path: Path) -> None:
    path.write_bytes(b"".join(bodies))


def _write_sarif(
    batch: "Batch", policy: "Policy", bodies: Iterable[bytes], columns: Sequence[str], suffix: str, path: Path
) -> None:
    import json
    from importlib.metadata import version

    from suggest.tone.report import sarif_text

    results = (json.loads(line) for body in bodies for line in body.splitlines())
    with path.open("w", encoding="utf-8", errors="replace", newline="") as out:
        out.writelines(sarif_text(results, batch.counts["rule"], policy.rules, version("henji")))
