"""Lines of value as pages write them: a figure with its unit, its interval, what is said of it."""

from __future__ import annotations

from impact.words.said import Said
from impact_dashboards.page.view import Row, View
from impact_dashboards.parts.findings import unit_of
from impact_dashboards.parts.marks import known


def figure(view: View, line: Row) -> str:
    """Return the figure of a line with its unit; nothing where there is none."""
    if not known(line["value"]):
        return ""
    unit = line["unit"]
    write = view.words.gain if line["difference"] else view.words.number
    shown = "" if unit == "share" else unit_of(view.words, line)
    return f"{write(line['value'], unit)} {shown}".rstrip()


def figure_interval(view: View, line: Row) -> str:
    """Return the interval of the figure of a line; nothing where there is none."""
    return view.words.interval(line["conf_low"], line["conf_high"], line["unit"], gain=line["difference"])


def note(view: View, line: Row) -> str:
    """Return what is declared in words, or nothing."""
    return view.words.pick(line, "note") if line["note_en"] else ""


def said(view: View, text: Said | str | None) -> str:
    """Write what a line says, which may be nothing."""
    return view.words.said(text) if text else ""
