"""What people see in a terminal: tables and problems, made of what the other rooms return."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape

from impact.errors import Problem
from impact.expect import PowerReport, in_words
from impact.judge.evidence import NO_EFFECT, REFUSED
from impact.publish.trace import EFFECTS
from impact.run.flow import RunReport
from impact.words.said import says

LEVELS = {"micro": "people", "meso": "organisations and networks", "macro": "territory"}
ATTAINMENT = {
    "reached": "● reached",
    "uncertain": "◐ uncertain",
    "short": "○ short",
    "wrong_way": "▼ wrong way",
    "incomplete": "◑ incomplete",
    "contradictory": "✗ the promise contradicts its direction",
    "out_of_range": "✗ no value can reach the promise",
    "not_due": "… not due yet",
    "no_target": "– no target",
    "no_data": "– no data",
}
MANY_TERMS = 12
QUALIFIERS = {"about": "about", "more_than": "more than", "at_most": "at most"}
NOTES = {
    "own_rows": "some coded here, to no part of it",
    "no_value": "some without a code",
    "overlap": "some in several parts",
    "bodies_left_out": "bodies without an answer left out",
    "both_waves": "before and after are of those who answered then, the change of those who answered both times",
    "unreachable": "some pairs have no path",
    "unmapped": "some of no known category",
    "break": "break in the series",
    "provisional": "provisional",
    "estimated": "estimated",
    "forecast": "a forecast",
    "low_reliability": "low reliability",
}
"""Why a total is not the sum of the parts shown below it, what a value leaves out, and flags of official statistics."""
CLAIM_STATES = {
    "differs": "≠ differs",
    "not_recomputable": "– not recomputable",
    "reproduced": "● reproduced",
}
"""In the order in which they are read."""
MAP_STATES = {
    "overlap": "◎ overlap",
    "covered": "● covered",
    "partial": "◐ partial",
    "gap": "○ gap",
    "supply_only": "· only supply",
    "unmapped": "? unmapped",
}
CONTRIBUTION = {
    "improved": "▲ improved",
    "worsened": "▼ worsened",
    "changed": "◆ changed",
    "associated": "~ associated, not caused",
    "moved": "~ moved, not caused",
    "no_clear_effect": "≈ no clear effect",
    "not_estimable": "not estimable",
}


def number(value: Any, unit: str = "") -> str:
    """Write a number for reading: shares as percentages, thousands apart, never more digits than carry meaning.

    Examples
    --------
    >>> number(6349.1435, "US dollars a year"), number(0.5538, "share"), number(22.0), number(None)
    ('6,349.14', '55.4%', '22', '')
    """
    if value is None or pd.isna(value):
        return ""
    if unit == "share":
        return f"{100 * value:.1f}%".replace("-0.0%", "0.0%")
    if float(value).is_integer():
        return f"{value + 0.0:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 0.1 else f"{value:.3g}"


def stated(row: dict[str, Any]) -> str:
    """Write a finding's value as it was stated: exactly, or about, more than, at most."""
    words = [QUALIFIERS[flag] for flag in row["flags"] if flag in QUALIFIERS]
    return " ".join([*words, number(row["value"], row["unit"])])


def remarks(row: dict[str, Any]) -> list[str]:
    """Return in words what is to be known of a finding's value before it is compared."""
    return [*(NOTES[flag] for flag in row["flags"] if flag in NOTES), *units_line(row)[_decided_by_units(row) :]]


def attained(row: dict[str, Any]) -> str:
    """Return the state of a promise in words; of how many units the value is, where that decides it."""
    return ATTAINMENT[row["attainment"]] + (_of_units(row) if _decided_by_units(row) else "")


def _decided_by_units(row: dict[str, Any]) -> bool:
    return row["attainment"] == "incomplete" and "incomplete" in row["flags"]


def _of_units(row: dict[str, Any], of: str = "") -> str:
    reported, expected = (row[f"{of or 'units_'}{name}"] for name in ("reported", "expected"))
    return "" if pd.isna(expected) else f" ({int(reported):,} of {int(expected):,} units)"


def gain(value: float, unit: str = "") -> str:
    """Write a difference with its sign; between shares in percentage points.

    Examples
    --------
    >>> gain(0.111, "share"), gain(-3.0)
    ('+11.1 pp', '-3')
    """
    text = size(abs(value), unit)
    return ("-" if value < 0 and any(digit in text for digit in "123456789") else "+") + text


def size(value: float, unit: str = "") -> str:
    """Write how large a difference or its error is, without a sign; between shares in percentage points."""
    return f"{100 * value:.1f} pp" if unit == "share" else number(value)


def bounds(low: float, high: float, unit: str = "") -> str:
    """Write the interval of a difference."""
    return f"[{gain(low, unit)}; {gain(high, unit)}]"


def interval(low: Any, high: Any, unit: str = "") -> str:
    """Write an interval in brackets, or nothing where there is none."""
    if low is None or pd.isna(low):
        return ""
    return f"[{number(low, unit)}; {number(high, unit)}]"


def print_findings(console: Console, findings: pd.DataFrame, *, parts: bool) -> None:
    """Print findings level by level, ex ante beside ex post.

    Parameters
    ----------
    console
        Rich's console of the terminal or file to print to.
    findings
        As :func:`impact.publish.findings_table` returns them.
    parts
        Whether the findings of projects, territories and groups are shown too.
    """
    shown = findings if parts else findings[(findings["scope"] == "programme") & (findings["group"] == "all")]
    for level, words in LEVELS.items():
        rows = shown[shown["level"] == level]
        if len(rows):
            console.print()
            console.rule(f"{level.upper()} · {words}", align="left")
        for row in rows.to_dict("records"):
            _print_finding(console, {str(name): value for name, value in row.items()})
    if (findings["data_kind"] == "synthetic").any():
        console.print(
            "\n[bold]†[/] synthetic data, made by a script in the programme's folder; not a fact about anybody"
        )


def part_title(row: dict[str, Any]) -> str:
    """Write which part a finding is of: column and code, then the code's title; parts of parts stand further in."""
    part = str(row["finding"]).split("/", 2)[2]
    if pd.isna(row["part_en"]):
        return part
    return f"{'  ' * int(row['part_depth'])}{part} {row['part_en']}"


def _print_finding(console: Console, row: dict[str, Any]) -> None:
    """Print one finding: its name; before, promise and after; effect, contribution and evidence."""
    unit = row["unit"]
    mark = " †" if row["data_kind"] == "synthetic" else ""
    part = row["finding"].split("/", 2)[2:]
    title = part_title(row) if part else row["title_en"]
    console.print(f"[bold]{escape(title)}[/]{mark}  [dim]{escape(row['finding'])} · {escape(unit)}[/]", soft_wrap=True)
    after = " ".join(filter(None, (stated(row) or "no data", interval(row["conf_low"], row["conf_high"], unit))))
    words = [f"before {number(row['baseline'], unit)}" if not pd.isna(row["baseline"]) else ""]
    if not pd.isna(row["target"]):
        words.append(f"promised {number(row['target'], unit)} by {row['due']}")
    words += [f"after {after}", attained(row), *remarks(row)]
    console.print(f"  {escape('  ·  '.join(filter(None, words)))}", soft_wrap=True)
    if pd.isna(row["estimate"]):
        if says(row["evidence_reason"], REFUSED):
            console.print(f"  effect {escape(str(row['evidence_reason']))}", soft_wrap=True)
        return
    what = row["estimand"] if row["estimand"].code in NO_EFFECT else "effect"
    effect = f"{what} {gain(row['estimate'], unit)} {bounds(row['effect_low'], row['effect_high'], unit)}"
    against = "" if pd.isna(row["comparison"]) else f"comparison {number(row['comparison'], unit)}"
    words = [
        against,
        effect,
        CONTRIBUTION[row["contribution"]],
        f"evidence {int(row['evidence_level'])} of 5",
    ]
    console.print(f"  {escape('  ·  '.join(filter(None, words)))}", soft_wrap=True)


def print_claims(console: Console, claims: pd.DataFrame) -> None:
    """Print the claims, those that differ first: what was stated, what records give, and how it may be read."""
    for state, words in CLAIM_STATES.items():
        for record in claims[claims["state"] == state].to_dict("records"):
            row = {str(name): value for name, value in record.items()}
            stated = f"{QUALIFIERS.get(row['qualifier'], '')} {row['stated']:.12g}".strip()
            console.print(f"{words}  [bold]{escape(row['title_en'])}[/]", soft_wrap=True)
            console.print(f"  {escape(_against(row, stated))}", soft_wrap=True)
            if state != "reproduced":
                for reading in row["readings"]:
                    console.print(f"  [dim]possible:[/] {escape(reading_line(reading))}", soft_wrap=True)
    console.print(_claim_counts(claims))


def _claim_counts(claims: pd.DataFrame) -> str:
    counts = claims["state"].value_counts()
    words = {"differs": "differs" if counts.get("differs") == 1 else "differ", "not_recomputable": "not recomputable"}
    return ", ".join(f"{counts[state]} {words.get(state, state)}" for state in CLAIM_STATES if state in counts)


def _against(row: dict[str, Any], stated: str) -> str:
    """Write a claim's two numbers side by side, or why there is only one."""
    if row["state"] == "not_recomputable":
        return f"stated {stated} {row['unit']}; {row['reason_en']}"
    words = f"stated {stated} {row['unit']}, recomputed {row['recomputed']:.12g}"
    if row["state"] == "reproduced":
        return words
    share = "" if pd.isna(row["relative_difference"]) else f", {100 * row['relative_difference']:+.1f}%"
    why = claim_reason(row)
    return f"{words} ({row['difference']:+.12g}{share})" + (f"; {why}" if why else "")


def claim_reason(row: dict[str, Any]) -> str:
    """Write what is to be said of a claim beside its two numbers: of a list, the names that are not in both."""
    numbers, _, more = row["reason_en"].partition("; ")
    return str(more if numbers.startswith("stated") else row["reason_en"])


def reading_line(reading: dict[str, Any]) -> str:
    """Write a possible reading with the number it gives."""
    if "formula" not in reading:
        return str(reading["text"]["en"])
    given = reading["because"]["en"] if reading["because"] else f"{reading['recomputed']:.12g}"
    return f"{reading['text']['en']} [{reading['formula']} = {given}]"


def print_report(console: Console, report: RunReport, claims: pd.DataFrame) -> None:
    """Print what a run did: sources and indicators, rows, and how the programme's claims stand to its records."""
    done = [f"{len(report.loaded)} sources loaded" if report.loaded else "no source changed"]
    done.append(f"{len(report.computed)} indicators computed" if report.computed else "no indicator changed")
    console.print(f"[bold]{escape(report.programme)}[/]: {', '.join(done)}; {report.findings} findings")
    rows = f"{report.rows_good:,} of {report.rows_read:,} rows good"
    if report.rows_bad:
        rows += f", [bold]{report.rows_bad:,} in quarantine[/]"
    console.print(f"  {rows}" + (f", {report.rows_warned:,} with a warning" if report.rows_warned else ""))
    if len(own := claims[claims["programme"] == report.programme]):
        console.print(f"  claims: {_claim_counts(own)}  [dim]impact audit[/]")
    _print_stage(console, report)
    for source, change in report.changes.items():
        words = ", ".join(f"{count} {what}" for what, count in change.items())
        console.print(f"  {escape(source)} replaced: {words or 'the key changed'}")


def _print_stage(console: Console, report: RunReport) -> None:
    """Print how far a programme has come if that is not the end, and whether readers see it."""
    if report.stage != "publish":
        waiting = f"; {len(report.waiting)} indicators wait for their findings" if report.waiting else ""
        console.print(f"  stopped at [bold]{report.stage}[/]{waiting}")
    if report.unpublished:
        names = ", ".join(map(escape, report.unpublished))
        console.print(f"  [bold]not published[/]: readers see the last whole run until {names} is run to the end")


def print_problems(console: Console, problems: Sequence[Problem]) -> None:
    """Print problems, each with its place and its mend."""
    for problem in problems:
        console.print(f"[bold red]✗[/] [bold]{escape(problem.where())}[/]" if problem.where() else "[bold red]✗[/]")
        console.print(f"  {escape(problem.what)}")
        for word, text in (("expected", problem.expected), ("found", problem.found), ("do", problem.fix)):
            if text:
                console.print(f"  [dim]{word}[/] {escape(text)}")
    console.print(f"{len(problems)} problem{'s' if len(problems) != 1 else ''}")


def print_quarantine(console: Console, rows: pd.DataFrame, limit: int) -> None:
    """Print the quarantine: per file how many rows each rule stopped, then the first rows with their reasons."""
    keys = ["severity", "column", "rule", "expected"]
    for (programme, file), part in rows.groupby(["programme", "file"]):
        console.print(f"[bold]{escape(str(file))}[/] [dim]{escape(str(programme))}[/]")
        for (severity, column, rule, expected), reasons in part.groupby(keys, sort=False):
            where = f"{column}: " if column else ""
            mark = " (warning, row kept)" if severity == "warning" else ""
            words = f"{reasons['line'].nunique():>6}  {where}{rule}, expected {expected}{mark}"
            console.print(escape(words), soft_wrap=True)
    console.print("[bold]first reasons[/]")
    for row in rows.head(limit).to_dict("records"):
        found = "nothing" if pd.isna(row["value"]) or row["value"] == "" else repr(row["value"][:80])
        what = " ".join(filter(None, (row["column"], row["rule"])))
        console.print(escape(f"  {row['file']}:{row['line']}  {what}, found {found}"), soft_wrap=True)
    if len(rows) > limit:
        console.print(f"… and {len(rows) - limit} more reasons; --limit or --json shows them")


def print_trace(console: Console, trace: dict[str, Any]) -> None:
    """Print the path of one number back to its rows."""
    finding, definition = trace["finding"], trace["definition"]
    unit = finding["unit"]
    value = " ".join(
        filter(None, (number(finding["value"], unit), interval(finding["conf_low"], finding["conf_high"], unit)))
    )
    lines = [
        ("finding", f"{finding['finding']} — {finding['title_en']}"),
        ("value", ", ".join([f"{value} {unit}", f"n = {finding['n']}", str(finding["method"]), *units_line(finding)])),
        ("effect", _effect_line(finding)),
        *_family_line(finding),
        *_forecast_line(finding),
        ("evidence", f"{finding['evidence_level'] or '–'}/5: {finding['evidence_reason']}"),
        ("plan", f"{finding['registration']}, plan {finding['plan_hash'][:12]}"),
        (
            "definition",
            f"{definition['file']}:{definition['line']}, hash {definition['definition_hash'][:12]}",
        ),
        ("query", definition["query"]),
    ]
    for name, text in lines:
        console.print(f"[bold]{name:>11}[/]  {escape(text)}", soft_wrap=True)
    for line in term_lines(trace["terms"], unit):
        console.print(f"[bold]{'term':>11}[/]  {escape(line)}", soft_wrap=True)
    for check in trace["diagnostics"]:
        line = f"{check['check']}: {check['status']} — {check['detail']}"
        console.print(f"[bold]{'check':>11}[/]  {escape(line)}", soft_wrap=True)
    for link in trace["linkage"]:
        words = (
            f"{link['linked']} persons from {link['since']} to {link['wave']}, {link['lost']} lost, {link['new']} new"
        )
        console.print(f"[bold]{'linked':>11}[/]  {words}")
    for source in trace["sources"]:
        first = ", ".join(map(str, source["first_lines"]))
        rows = f"{source['rows_used']} rows used, lines {first} …"
        console.print(f"[bold]{'source':>11}[/]  {escape(source['file'])} ({source['kind']}): {rows}", soft_wrap=True)
        console.print(
            f"             sha256 {source['sha256']}, loaded {source['loaded_at'][:19]} in run {source['run_id']}",
            soft_wrap=True,
        )
    console.print(f"[bold]{'run':>11}[/]  {trace['run']['run_id']} by engine {trace['run']['engine']}")


def units_line(finding: dict[str, Any]) -> list[str]:
    """Return of how many units value and baseline are, where some are missing."""
    ends = {"incomplete": ("", ""), "baseline_incomplete": ("before: ", "baseline_")}
    return [f"{w}incomplete{_of_units(finding, of)}" for flag, (w, of) in ends.items() if flag in finding["flags"]]


def term_lines(terms: Sequence[dict[str, Any]], unit: str = "") -> Iterator[str]:
    """Write the terms of each family, or their range where they are many; those that are effects as effects."""
    for family, members in groupby(terms, key=lambda term: term["family"]):
        rows, of = list(members), unit if family in EFFECTS else ""
        if len(rows) <= MANY_TERMS:
            yield from (_term_line(row, of) for row in rows)
            continue
        low, high = (pick(rows, key=lambda term: term["estimate"]) for pick in (min, max))
        yield (
            f"{family}: {len(rows)} numbers from {_amount(low['estimate'], of)} ({low['term']}) to"
            f" {_amount(high['estimate'], of)} ({high['term']}); --json lists them"
        )


def _amount(value: float, unit: str) -> str:
    return gain(value, unit) if unit == "share" else f"{value:.6g}"


def _term_line(term: dict[str, Any], unit: str) -> str:
    error = term["std_error"]
    spread = "" if error is None else f" (SE {size(error, unit) if unit == 'share' else f'{error:.4g}'})"
    detail = f", {term['detail']}" if term["detail"] else ""
    return f"{term['family']} {term['term']}: {_amount(term['estimate'], unit)}{spread}{detail}"


def _family_line(finding: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if finding["family"] is not None:
        yield "family", f"{finding['family']}: p {finding['p_adjusted']:.4g} by {finding['adjustment']}"


def _forecast_line(finding: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if finding["forecast"] is None:
        return
    held = {True: "held", False: "missed", None: "not observed yet"}[finding["forecast_hit"]]
    score = "" if finding["forecast_crps"] is None else f", CRPS {finding['forecast_crps']:.4g}"
    yield "forecast", f"{finding['forecast_of']} {_forecast_value(finding)}: {held}{score}"


def _forecast_value(finding: dict[str, Any]) -> str:
    """Write a forecast with its interval: of an effect as an effect, of a value as a value."""
    unit, ends = finding["unit"], (finding["forecast_low"], finding["forecast_high"])
    if finding["forecast_of"] != "effect":
        return f"{number(finding['forecast'], unit)} {interval(*ends, unit)}"
    return f"{gain(finding['forecast'], unit)} {bounds(*ends, unit)}"


def _effect_line(finding: dict[str, Any]) -> str:
    if finding["estimate"] is None:
        return f"not estimable because {finding['not_estimable']}"
    unit = finding["unit"]
    return (
        f"{gain(finding['estimate'], unit)} {bounds(finding['effect_low'], finding['effect_high'], unit)},"
        f" {finding['estimand']} by {finding['design']}, SE {size(finding['std_error'], unit)}"
        f" ({finding['inference']}), n = {finding['n_obs']}"
    )


def print_power(console: Console, reports: Sequence[PowerReport]) -> None:
    """Print what each plan can show, and how its estimator fared in the simulation."""
    for report in reports:
        console.print(f"[bold]{escape(report.indicator)}[/]  [dim]{escape(report.design)}[/]")
        console.print(f"  {escape(report.sentence())}", soft_wrap=True)
        drawn = report.simulated
        if drawn is not None:
            lost = f", {drawn.n_not_estimable} not estimable" if drawn.n_not_estimable else ""
            console.print(
                f"  simulated {drawn.replications} times{lost}: power {drawn.power:.1%} ± {1.96 * drawn.power_mc:.1%},"
                f" bias {drawn.bias:+.3g}, coverage {drawn.coverage:.1%},"
                f" interval {in_words(drawn.interval_width)} wide",
                soft_wrap=True,
            )
