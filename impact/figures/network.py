"""A network before and after: same places for the bodies, shapes by kind, ties across sectors that are new set off."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from impact.figures.style import dressed, escaped
from impact.words import Words

SHAPES = {
    "public_body": ("square", "#0d5566"),
    "large_firm": ("triangle-up", "#b3470f"),
    "sme": ("triangle-down", "#b3470f"),
    "social_enterprise": ("circle", "#3c8a5c"),
    "consortium": ("circle-dot", "#3c8a5c"),
    "association": ("diamond", "#6b46a3"),
    "foundation": ("diamond-tall", "#6b46a3"),
    "university": ("pentagon", "#17242e"),
    "informal_group": ("star", "#8a5300"),
}
"""Shape and colour of each kind of organisation; the word stands beside them in the legend."""
OTHER = ("cross", "#51606b")
NAMED = 15
"""Bodies up to which each has its name beside it; beyond, names would hide the ties."""
TIES = {
    "unstated": ("#8d979e", "dot", 0.8),
    "within": ("#8d979e", "solid", 0.6),
    "across": ("#4f93a3", "solid", 0.8),
    "new": ("#c8750f", "solid", 1.4),
}
"""Colour, dash and width of each kind of tie, from the lowest to the one on top."""


def network_figure(
    bodies: pd.DataFrame, ties: pd.DataFrame, waves: dict[str, str], words: Words, *, since: str | None = None
) -> go.Figure:
    """Draw one network, a panel per wave; a body stands at the same place in every one.

    Parameters
    ----------
    bodies, ties
        Of one network, rows of :class:`impact.tables.places.NetworkBody` and :class:`impact.tables.places.NetworkTie`.
    waves
        The waves to draw, in order, with their titles.
    words
        Texts, numbers and dates in the reader's language.
    since
        The wave before the first, where that is not drawn: ties across sectors that it has not are new.
    """
    titles = [escaped(title) for title in waves.values()]
    figure = make_subplots(1, len(waves), subplot_titles=titles, horizontal_spacing=0.03)
    earlier_pairs = None if since is None else pairs_of(ties[ties["wave"] == since])
    for column, wave in enumerate(waves, start=1):
        of_wave = bodies[bodies["wave"].isin(["", wave])]
        drawn = _ties_among(ties[ties["wave"] == wave], of_wave["body"])
        classes = tie_classes(drawn, of_wave, earlier_pairs)
        _draw_ties(figure, of_wave, classes, column, words)
        _draw_bodies(figure, of_wave, drawn, column, words)
        earlier_pairs = pairs_of(drawn)
    figure.update_xaxes(visible=False, range=_ends(bodies["x"]))
    figure.update_yaxes(visible=False, range=_ends(bodies["y"]))
    figure.update_annotations(font={"size": 14, "weight": 600})
    return dressed(figure, words, height=620, margin={"l": 8, "r": 8, "t": 40, "b": 8})


def _ties_among(ties: pd.DataFrame, bodies: pd.Series) -> pd.DataFrame:
    """Return the ties whose two ends are among the bodies."""
    has_source = ties["source"].isin(bodies)
    has_target = ties["target"].isin(bodies)
    return ties[has_source & has_target]


def pairs_of(ties: pd.DataFrame) -> set[tuple[str, str]]:
    """Return who is tied to whom, each pair once."""
    return set(ties[["source", "target"]].itertuples(index=False, name=None))


def _ends(places: pd.Series) -> list[float] | None:
    """Return the ends of an axis that holds all bodies; None where none has a place."""
    if places.isna().all():
        return None
    low = float(places.min())
    high = float(places.max())
    room = 0.06 * max(high - low, 0.1)
    return [low - room, high + room]


def tie_classes(ties: pd.DataFrame, bodies: pd.DataFrame, earlier: set[tuple[str, str]] | None) -> pd.DataFrame:
    """Say of each pair whether it crosses sectors, and whether it was there before: a row per pair with its ``kind``.

    Parameters
    ----------
    ties
        The ties of one wave: ``source`` and ``target``, each a ``body``.
    bodies
        The bodies of that wave: ``body`` and its ``sector``.
    earlier
        Pairs of the wave before; None where there is none, and so nothing is new.
    """
    sector = bodies.set_index("body")["sector"]
    pairs = ties[["source", "target"]].drop_duplicates()
    start, end = pairs["source"].map(sector), pairs["target"].map(sector)
    stated = start.notna() & end.notna()
    across = stated & (start != end)
    ends = pairs.itertuples(index=False, name=None)
    is_new = pd.Series([earlier is not None and pair not in earlier for pair in ends], index=pairs.index, dtype=bool)
    kind = across.map({True: "across", False: "within"})
    kind = kind.mask(across & is_new, "new")
    return pairs.assign(kind=kind.where(stated, "unstated"))


def _draw_ties(figure: go.Figure, bodies: pd.DataFrame, pairs: pd.DataFrame, column: int, words: Words) -> None:
    """Draw the ties of each kind as a single line, with a gap after every tie."""
    points = bodies.set_index("body")
    for kind, (colour, dash, width) in TIES.items():
        of_kind = pairs[pairs["kind"] == kind]
        legend = {"legendgroup": kind, "legendrank": 1, "showlegend": len(of_kind) > 0 and _is_first(figure, kind)}
        line = {"color": colour, "dash": dash, "width": width}
        figure.add_scatter(
            x=_with_gaps(of_kind, points["x"]),
            y=_with_gaps(of_kind, points["y"]),
            mode="lines",
            name=escaped(words(f"figure.ties.{kind}")),
            **legend,
            line=line,
            hoverinfo="skip",
            row=1,
            col=column,
        )


def _with_gaps(pairs: pd.DataFrame, places: pd.Series) -> list[float | None]:
    """Return the places of the two ends of each pair, and None after them."""
    starts = pairs["source"].map(places)
    ends = pairs["target"].map(places)
    line: list[float | None] = []
    for start, end in zip(starts, ends, strict=True):
        line += [start, end, None]
    return line


def _draw_bodies(figure: go.Figure, bodies: pd.DataFrame, ties: pd.DataFrame, column: int, words: Words) -> None:
    """Draw the bodies of each kind; few bodies have their names beside them, in turn below and above."""
    mode = "markers+text" if bodies["body"].nunique() <= NAMED else "markers"
    order = bodies["y"].rank(method="first")
    sides = (order % 2).map({1.0: "bottom center", 0.0: "top center"})
    ends = pd.concat([ties["source"], ties["target"]])
    counts = bodies["body"].map(ends.value_counts()).fillna(0).astype(int)
    drawn = bodies.assign(kind=bodies["kind"].fillna(""), side=sides, count=counts)
    for _, group in drawn.groupby(["answered", "kind"]):
        _draw_kind(figure, group, column, words, mode=mode)


def _draw_kind(figure: go.Figure, bodies: pd.DataFrame, column: int, words: Words, *, mode: str) -> None:
    """Draw bodies of a kind that all answered, or all did not; those that did not are empty."""
    kind, answered = str(bodies["kind"].iloc[0]), bodies["answered"].iloc[0]
    symbol, colour = SHAPES.get(kind, OTHER)
    edge, name = "white", escaped(_kind(kind, words))
    if not answered:
        symbol, edge = f"{symbol}-open", colour
        name = words("figure.unanswered", kind=name)
    labels = list(map(escaped, bodies["label"]))
    counted = zip(labels, bodies["count"], strict=True)
    group = f"kind {name}"
    marker = {"symbol": symbol, "color": colour, "size": 10, "line": {"color": edge, "width": 1}}
    figure.add_scatter(
        x=bodies["x"],
        y=bodies["y"],
        mode=mode,
        textposition=bodies["side"],
        textfont={"size": 10},
        cliponaxis=False,
        name=name,
        legendgroup=group,
        showlegend=_is_first(figure, group),
        marker=marker,
        text=labels,
        hovertext=[words("figure.body", label=label, count=count) for label, count in counted],
        hoverinfo="text",
        row=1,
        col=column,
    )


def _kind(kind: str, words: Words) -> str:
    """Return a kind of organisation in words; a kind of the programme's own as it is written there."""
    name = kind or "unclassified"
    key = f"figure.kind.{name}"
    return words(key) if words.has(key) else kind.replace("_", " ")


def _is_first(figure: go.Figure, group: str) -> bool:
    """Tell whether a group has no line in the legend yet."""
    return not any(trace.legendgroup == group and trace.showlegend for trace in figure.data)
