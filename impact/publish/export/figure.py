"""Plotly's JSON: a figure of a page as data, from which a browser draws it anew."""

from __future__ import annotations

from typing import Any

from impact.publish.export.format import Format, Takes


def write_figure(figure: Any) -> bytes:
    """Write a Plotly figure."""
    return str(figure.to_json()).encode("utf-8")


FORMAT = Format(".figure.json", "application/json", Takes.FIGURE, write_figure)
