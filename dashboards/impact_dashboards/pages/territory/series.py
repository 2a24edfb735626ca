"""Series of the territory over the waves, with breaks, flags and sources; what the programme contributed to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
import plotly.graph_objects as go

from impact.drawing.markup import Element, Node, h
from impact.figures import series_figure
from impact.publish.rows import Record, rows_of
from impact.words.said import Said
from impact_dashboards.page.view import Block, Column, ColumnSpec, Row, Table, View, columns_of, file_columns, nothing
from impact_dashboards.parts.findings import drawn_unit, link_of, part_of, part_path, remarks, title_of
from impact_dashboards.parts.marks import ends_of, known, whisker
from impact_dashboards.parts.sentences import source_list
from impact_dashboards.parts.state_marks import badge
from impact_dashboards.parts.values import placed

CONTRACT = "context_series"
FAMILY = Said("family.territory")
SHARE = Said("scaled_effect.share_change")
HOW = "docs/how-to/add_context_series.md"
PART = ["scope", "scope_value", "group", "group_value"]
WHOLE = ("programme", "", "all", "")
"""The part that is none."""
ENDS = ("estimate", "conf_low", "conf_high")


def series_findings(view: View, programme: str) -> pd.DataFrame:
    """Return the findings on official series, and on what an effect on persons was carried to."""
    findings, terms = view.published.findings(programme), view.published.terms(programme)
    contributed = set(terms[terms["family"] == FAMILY]["indicator"])
    contracts = findings["indicator"].map(view.published.contracts(programme))
    return findings[(contracts == CONTRACT) | findings["indicator"].isin(contributed)]


def series_blocks(view: View) -> list[Block]:
    """Return a drawing for each series with its source, and what the programme contributed where that was estimated."""
    findings = series_findings(view, view.programme)
    if findings.empty:
        empty = nothing(view.words, "territory.no_series", HOW)
        return [Block("series", view.words("territory.series"), body=empty)]
    groups = findings.groupby("indicator", sort=False)
    return [block for _, group in groups for block in _indicator_blocks(view, group)]


def _indicator_blocks(view: View, findings: pd.DataFrame) -> Iterator[Block]:
    """Yield the series of one indicator, and what the programme contributed to it."""
    first = rows_of(findings)[0]
    yield _series(view, first, findings)
    terms = view.published.terms(view.programme)
    of_indicator = terms[terms["indicator"] == first["indicator"]]
    of_territory = of_indicator[of_indicator["family"] == FAMILY]
    if len(of_territory):
        yield _contribution(view, first, rows_of(of_territory))


# ---- the series ------------------------------------------------------------------------------------------------------


def _series(view: View, row: Row, findings: pd.DataFrame) -> Block:
    points = _points(view, findings)
    valued = points[points["value"].notna()]
    figure = _figure(view, row, valued)
    empty = None if figure else h("p", view.words("territory.no_values"), class_="empty")
    return Block(
        f"series-{row['indicator']}",
        view.words("territory.around", title=title_of(view, row)),
        _values(view, rows_of(points), row["unit"]),
        lead=" ".join(_flagged(view, valued)) or None,
        figure=figure,
        body=empty,
        folded=figure is not None,
        after=_sources(view, row),
    )


def _figure(view: View, row: Row, valued: pd.DataFrame) -> go.Figure | None:
    if valued.empty:
        return None
    titled = valued.assign(wave=valued["wave_title"])
    return series_figure(titled, drawn_unit(view.words, row), view.words)


def _sources(view: View, row: Row) -> list[Node]:
    """Return where the series comes from, and the link to its finding."""
    indicator = str(row["indicator"])
    sources = view.published.sources(view.programme, indicator)
    title = view.words("territory.open_finding")
    link = h("a", title, href=link_of(view, row))
    return [source_list(view.words, sources), h("p", link)]


def _points(view: View, findings: pd.DataFrame) -> pd.DataFrame:
    """Return the values over the waves in order of time, those of the whole first."""
    measures = view.published.measures(view.programme)
    of_findings = measures["indicator"].isin(findings["indicator"])
    values = measures[of_findings & (measures["arm"] == "") & (measures["wave"] != "")]
    cells = list(values[PART].itertuples(index=False, name=None))
    names = {tuple(row[key] for key in PART): _line(view, row) for row in rows_of(findings)}
    lines = [names.get(cell) or _codes(cell) for cell in cells]
    points = placed(view, values).assign(line=lines, whole=[cell == WHOLE for cell in cells])
    return points.sort_values(["whole", "line", "place"], ascending=[False, True, True])


def _codes(cell: tuple[str, ...]) -> str:
    """Return the codes of a part that no finding is of."""
    _, scope_value, _, group_value = cell
    codes = filter(None, (scope_value, group_value))
    return " ".join(codes)


def _line(view: View, row: Row) -> str:
    """Return the name of a line: the part's, or the title of what is drawn."""
    return part_of(view, row) if part_path(row) else view.words.pick(row, "title")


def _flagged(view: View, points: pd.DataFrame) -> Iterator[str]:
    """Say at which waves values are flagged, and what a break means."""
    by_flag = points[["wave_title", "flags"]].explode("flags")
    flags = by_flag.dropna().drop_duplicates()
    for flag, waves in flags.groupby("flags", sort=True):
        name = _flag_words(view, str(flag))
        titles = ", ".join(waves["wave_title"])
        yield view.words("territory.flagged", flag=name, waves=titles)
    if "break" in set(flags["flags"]):
        yield view.words("territory.at_break")


def _flag_words(view: View, flag: str) -> str:
    key = f"flag.{flag}"
    return _sentence_case(view.words(key) if view.words.has(key) else flag.replace("_", " "))


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


# ---- its table -------------------------------------------------------------------------------------------------------


def _value(view: View, row: Row) -> Node:
    return (
        badge("suppressed", view.words)
        if row["suppressed"]
        else view.words.number(row["value"], row["unit"], ends_of(row))
    )


def _interval(view: View, row: Row) -> str:
    return view.words.interval(row["conf_low"], row["conf_high"], row["unit"]) or "–"


def _notes(view: View, row: Row) -> str:
    return "; ".join(remarks(view, row)) or "–"


WAVE, LINE = ColumnSpec("wave_title", "territory.wave"), ColumnSpec("line", "territory.line")
INTERVAL = ColumnSpec("", "territory.interval", _interval, numeric=True)
NOTES = ColumnSpec("", "territory.remarks", _notes)
VALUES_IN_FILE = (
    *("wave", *PART, "flagged", "conf_low", "conf_high", "std_error", "n", "n_missing", "method", "suppressed"),
)


def _values(view: View, rows: Sequence[Record], unit: str) -> Table:
    value = ColumnSpec("value", "territory.value", _value, numeric=True, unit=unit)
    columns = columns_of(view, (WAVE, LINE, value, INTERVAL, NOTES))
    return Table(columns, [_value_row(row, unit) for row in rows], file_columns(VALUES_IN_FILE))


def _value_row(row: Record, unit: str) -> Record:
    return row | {"flagged": "; ".join(row["flags"]), "unit": unit}


# ---- what the programme contributed ----------------------------------------------------------------------------------


def _contribution(view: View, row: Row, terms: Sequence[Record]) -> Block:
    """Return the territory's own change, the programme's contribution and its share, with the sentence on them."""
    rows = [term | {"unit": row["unit"]} for term in terms]
    scale = _scale(rows)

    def bar(term: Row) -> Node:
        return _bar(view, term, scale)

    drawing = Column("", view.words("territory.common"), bar)
    columns = [MOVED.column(view), drawing, *columns_of(view, TERMS)]
    sentences = [_sentence_case(view.words.said(term["detail"])) + "." for term in rows if _is_sentence(term)]
    title = view.words("territory.contribution", title=title_of(view, row))
    lead = h("strong", " ".join(sentences)) if sentences else None
    table = Table(columns, rows, file_columns(TERMS_IN_FILE))
    return Block(f"contribution-{row['indicator']}", title, table, lead=lead)


def _scale(terms: Sequence[Row]) -> tuple[float, float]:
    """Return the ends of a scale that holds zero and all terms; a share has another unit and no room on it."""
    amounts = [term for term in terms if not _is_share(term)]
    stated = [term[key] for term in amounts for key in ENDS]
    ends = [0.0, *filter(known, stated)]
    return min(ends), max(ends)


def _is_share(term: Row) -> bool:
    return bool(term["term"] == SHARE)


def _is_sentence(term: Row) -> bool:
    """Tell whether the engine wrote a sentence in both languages."""
    return isinstance(term["detail"], Said) and term["detail"].code.startswith("territory.")


def _bar(view: View, term: Row, scale: tuple[float, float]) -> Element | None:
    """Draw a term on its interval, from zero; a share is not drawn."""
    if _is_share(term):
        return None
    name = view.words.said(term["term"])
    amount, interval = _amount(view, term), _ends(view, term)
    promise = {"baseline": 0.0, "target": None, "attainment": "no_target"}
    drawn = {**term, "value": term["estimate"], **promise}
    return whisker(drawn, f"{name}: {amount} {interval}", scale=scale)


def _term(view: View, term: Row) -> str:
    return _sentence_case(view.words.said(term["term"]))


def _amount(view: View, term: Row) -> str:
    """Write a term as the change it is, or as a share."""
    if _is_share(term):
        return view.words.number(term["estimate"], "share")
    return view.words.gain(term["estimate"], term["unit"], ends_of(term))


def _ends(view: View, term: Row) -> str:
    """Write the interval of a term; nothing where it is a single value."""
    low, high = term["conf_low"], term["conf_high"]
    if not (known(low) and known(high)) or low == high:
        return "–"
    if _is_share(term):
        return view.words.interval(low, high, "share")
    return view.words.interval(low, high, term["unit"], gain=True)


def _detail(view: View, term: Row) -> str:
    return "" if _is_sentence(term) else view.words.said(term["detail"])


MOVED = ColumnSpec("term", "territory.moved", _term)
TERMS = (
    ColumnSpec("estimate", "territory.estimate", _amount, numeric=True),
    ColumnSpec("", "territory.interval", _ends, numeric=True),
    ColumnSpec("detail", "territory.how", _detail),
)
TERMS_IN_FILE = ("conf_low", "conf_high", "std_error", "p_value", "n_obs")
