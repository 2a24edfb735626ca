"""The portfolio in a sentence and in five numbers, each of which leads to the rows that it counts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from impact.drawing.markup import Element, Node, h
from impact_dashboards.page.view import Row, View
from impact_dashboards.pages.portfolio.filters import DATA
from impact_dashboards.parts.findings import OLD, age
from impact_dashboards.parts.marks import known
from impact_dashboards.parts.promises import EFFECT, STAGES, Rows, has_effect, is_promised

# ---- the sentence ----------------------------------------------------------------------------------------------------


def headline(view: View, rows: Rows) -> Node:
    """Return the sentence: promises of outcomes, promises of activities, effects; invented data apart, and old data."""
    old = sum((age(view, row) or 0) > OLD for row in rows)
    sentences = [[_sentence(view, kind, of_kind), " "] for kind, of_kind in _by_kind(rows).items() if of_kind]
    warning = view.words("headline.old", count=old) if old else None
    return [sentences or view.words("headline.nothing"), warning]


def _by_kind(rows: Rows) -> dict[str, Rows]:
    """Return the rows that say something, real ones apart from synthetic ones."""
    kinds: dict[str, list[Row]] = {kind: [] for kind in DATA}
    for row in rows:
        says_something = known(row["target"]) or known(row["estimate"])
        if says_something and row["data_kind"] in kinds:
            kinds[row["data_kind"]].append(row)
    return dict(kinds)


def _sentence(view: View, kind: str, rows: Rows) -> Node:
    """Return what data of one kind say."""
    clauses: list[Node] = [*(_reached(view, stage, rows) for stage in STAGES), _effects(view, rows)]
    pieces: list[Node] = []
    for clause in clauses:
        if clause:
            pieces += [", " if pieces else "", clause]
    return [view.words(f"headline.{kind}"), " ", pieces, "."]


def _effects(view: View, rows: Rows) -> Node:
    """Return how many effects improved what they are on."""
    effects = list(filter(has_effect, rows))
    if not effects:
        return view.words("headline.no_effects")
    improved = sum(row["contribution"] == "improved" for row in effects)
    return h("strong", view.words("headline.effects", count=improved, of=len(effects)))


def _promises(rows: Rows, stage: str) -> list[Row]:
    return [row for row in rows if is_promised(row) and row["stage"] in STAGES[stage]]


def _reached(view: View, stage: str, rows: Rows) -> Node:
    """Return how many promises of results, or of work, were reached; a count without interval is beyond no doubt."""
    promises = _promises(rows, stage)
    if not promises:
        return None
    reached = [row for row in promises if row["attainment"] == "reached"]
    text = view.words(f"headline.{stage}", count=len(reached), of=len(promises))
    count = h("strong", text)
    certain = sum(known(row["conf_low"]) for row in reached)
    if not certain:
        return [count, None]
    remark = view.words("headline.certain", count=certain)
    return [count, f" {remark}"]


# ---- the tiles -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Tile:
    """A number with its name and the link to what it counts."""

    name: str
    value: str
    href: str
    chosen: bool = False

    def element(self, view: View) -> Element:
        title = h("span", view.words(f"tile.{self.name}"), class_="tile-name")
        note = h("small", view.words(f"tile.{self.name}_note"))
        current = "true" if self.chosen else None
        return h("a", title, h("strong", self.value), note, href=self.href, class_="tile", aria_current=current)


def tiles(view: View, rows: Rows) -> Element:
    """Return the counts at the top: of real rows, or of synthetic ones where no real one says anything."""
    kinds = _by_kind(rows)
    kind = "real" if kinds["real"] else "synthetic"
    of_kind = kinds[kind]
    counted = [*_count_tiles(view, of_kind, kind), _rows_tile(view, rows)]
    elements = [tile.element(view) for tile in counted]
    is_invented = kind == "synthetic" and of_kind
    note = h("p", view.words("tile.synthetic"), class_="note") if is_invented else None
    return h("div", h("div", elements, class_="tiles"), note)


def _count_tiles(view: View, rows: Rows, kind: str) -> Iterator[_Tile]:
    """Yield the promises reached, of results and of work, and the effects."""
    for stage in STAGES:
        yield _tile(view, stage, _share_reached(rows, stage), data=kind, stage=stage, status="reached")
    effects = sum(map(has_effect, rows))
    yield _tile(view, "effects", view.words.number(effects), data=kind, stage="", status=EFFECT)


def _tile(view: View, name: str, value: str, **asked: str) -> _Tile:
    """Return a tile that leads to what it counts, all other choices as they are."""
    chosen = all(view.address.get(key) == given for key, given in asked.items())
    return _Tile(name, value, view.address.with_(**asked), chosen)


def _share_reached(rows: Rows, stage: str) -> str:
    states = [row["attainment"] for row in _promises(rows, stage)]
    return f"{states.count('reached')}/{len(states)}" if states else "–"


def _rows_tile(view: View, rows: Rows) -> _Tile:
    """Return the share of all rows read that are in order."""
    programme = filter(None, [view.address.get("programme")])
    files = [view.published.validity(name) for name in dict.fromkeys(row["programme"] for row in rows)]
    read, good = (sum(float(file[column].sum()) for file in files) for column in ("rows_read", "rows_good"))
    share = good / read if read else math.nan
    return _Tile("rows", view.words.number(share, "share"), view.address.to("monitoring", *programme))
