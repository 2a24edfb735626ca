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
    pairs_before = None if since is None else pairs_of(ties[ties["wave"] == since])
    for column, wave in enumerate(waves, start=1):
        of_wave = bodies[bodies["wave"].isin(["", wave])]
        ties_of_wave = ties[ties["wave"] == wave]
        drawn = ties_of_wave[
            ties_of_wave["source"].isin(of_wave["body"]) & ties_of_wave["target"].isin(of_wave["body"])
        ]
        _draw_ties(figure, of_wave, tie_classes(drawn, of_wave, pairs_before), column, words)
        _draw_bodies(figure, of_wave, drawn, column, words)
        pairs_before = pairs_of(drawn)
    figure.update_xaxes(visible=False, range=_ends(bodies["x"]))
    figure.update_yaxes(visible=False, range=_ends(bodies["y"]))
    figure.update_annotations(font={"size": 14, "weight": 600})
    return dressed(figure, words, height=620, margin={"l": 8, "r": 8, "t": 40, "b": 8})


def pairs_of(ties: pd.DataFrame) -> set[tuple[str, str]]:
    """Return who is tied to whom, each pair once."""
    return set(ties[["source", "target"]].itertuples(index=False, name=None))


def _ends(places: pd.Series) -> list[float] | None:
    """Return the ends of an axis that holds all bodies; None where none has a place."""
    if places.isna().all():
        return None
    room = 0.06 * max(places.max() - places.min(), 0.1)
    return [float(places.min() - room), float(places.max() + room)]


def tie_classes(ties: pd.DataFrame, bodies: pd.DataFrame, before: set[tuple[str, str]] | None) -> pd.DataFrame:
    """Say of each pair whether it crosses sectors, and whether it was there before: a row per pair with its ``kind``.

    Parameters
    ----------
    ties
        The ties of one wave: ``source`` and ``target``, each a ``body``.
    bodies
        The bodies of that wave: ``body`` and its ``sector``.
    before
        Pairs of the wave before; None where there is none, and so nothing is new.
    """
    sector = bodies.set_index("body")["sector"]
    pairs = ties[["source", "target"]].drop_duplicates()
    start, end = pairs["source"].map(sector), pairs["target"].map(sector)
    stated = start.notna() & end.notna()
    across = stated & (start != end)
    was = [pair in before if before is not None else True for pair in pairs.itertuples(index=False, name=None)]
    kind = across.map({True: "across", False: "within"}).mask(across & ~pd.Series(was, index=pairs.index), "new")
    return pairs.assign(kind=kind.where(stated, "unstated"))


def _draw_ties(figure: go.Figure, bodies: pd.DataFrame, pairs: pd.DataFrame, column: int, words: Words) -> None:
    points = bodies.set_index("body")[["x", "y"]]
    for kind, (colour, dash, width) in TIES.items():
        of_kind = pairs[pairs["kind"] == kind]
        ends = {axis: (of_kind["source"].map(points[axis]), of_kind["target"].map(points[axis])) for axis in ("x", "y")}
        gap = [None] * len(of_kind)
        lines = {
            axis: [value for three in zip(*pair, gap, strict=True) for value in three] for axis, pair in ends.items()
        }
        figure.add_scatter(
            **lines,
            mode="lines",
            name=escaped(words(f"figure.ties.{kind}")),
            legendgroup=kind,
            legendrank=1,
            showlegend=len(of_kind) > 0 and _first(figure, kind),
            line={"color": colour, "dash": dash, "width": width},
            hoverinfo="skip",
            row=1,
            col=column,
        )


def _draw_bodies(figure: go.Figure, bodies: pd.DataFrame, ties: pd.DataFrame, column: int, words: Words) -> None:
    is_small = bodies["body"].nunique() <= NAMED
    side = (bodies["y"].rank(method="first") % 2).map({1.0: "bottom center", 0.0: "top center"})
    degree = pd.concat([ties["source"], ties["target"]]).value_counts()
    for (answered, kind), group in bodies.assign(kind=bodies["kind"].fillna("")).groupby(["answered", "kind"]):
        symbol, colour = SHAPES.get(str(kind), OTHER)
        name = escaped(_kind(str(kind), words))
        if not answered:
            symbol, name = f"{symbol}-open", words("figure.unanswered", kind=name)
        counts = group["body"].map(degree).fillna(0).astype(int)
        labels = [escaped(label) for label in group["label"]]
        texts = [words("figure.body", label=label, count=count) for label, count in zip(labels, counts, strict=True)]
        figure.add_scatter(
            x=group["x"],
            y=group["y"],
            mode="markers+text" if is_small else "markers",
            textposition=side[group.index],
            textfont={"size": 10},
            cliponaxis=False,
            name=name,
            legendgroup=f"kind {name}",
            showlegend=_first(figure, f"kind {name}"),
            marker={
                "symbol": symbol,
                "color": colour,
                "size": 10,
                "line": {"color": "white" if answered else colour, "width": 1},
            },
            text=labels,
            hovertext=texts,
            hoverinfo="text",
            row=1,
            col=column,
        )


def _kind(kind: str, words: Words) -> str:
    """Return a kind of organisation in words; a kind of the programme's own as it is written there."""
    key = f"figure.kind.{kind or 'unclassified'}"
    return words(key) if words.has(key) else kind.replace("_", " ")


def _first(figure: go.Figure, group: str) -> bool:
    """Tell whether a group has no line in the legend yet."""
    return not any(trace.legendgroup == group and trace.showlegend for trace in figure.data)
