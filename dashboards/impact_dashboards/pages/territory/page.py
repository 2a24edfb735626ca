"""Territory: its parts on a map and in order, the series around them, needs against supply. The macro level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from impact.drawing.markup import Node, h
from impact.publish.rows import rows_of
from impact.publish.scope import EVERY_ROLE
from impact_dashboards.page.descriptor import Chapter, Page
from impact_dashboards.page.view import Block, Choice, PageContent, Row, View, nothing
from impact_dashboards.pages.territory.needs import needs_blocks
from impact_dashboards.pages.territory.ranking import Ranking, map_block, ranking_block
from impact_dashboards.pages.territory.series import series_blocks, series_findings
from impact_dashboards.parts.findings import part_of, title_of, whole_only
from impact_dashboards.parts.marks import known
from impact_dashboards.parts.order import is_uncertain, ranked
from impact_dashboards.parts.places import Places, level_title, place_findings, places_of
from impact_dashboards.parts.sentences import rich

HOW = "docs/how-to/declare_territories.md"


@dataclass(frozen=True)
class Chosen:
    """What the filters choose.

    Parameters
    ----------
    indicators, levels
        The choices, with their words.
    indicator, level
        What is chosen.
    rows
        Of the places of that level, ranked.
    whole
        Of the whole programme, where the reader may see it.
    """

    indicators: Mapping[str, str]
    levels: Mapping[str, str]
    indicator: str
    level: str
    rows: list[Row]
    whole: Row | None


def page(view: View) -> PageContent:
    """Return the page: a sentence, map and ranking of one indicator, series, needs and supply."""
    words = view.words
    places = places_of(view, view.programme)
    cut = place_findings(view.findings, places)
    chosen = _chosen(view, cut, places) if len(cut) else None
    parts = _parts(view, chosen, places) if chosen else [_empty(view)]
    shown = pd.concat([cut["data_kind"], series_findings(view, view.programme)["data_kind"]])
    return PageContent(
        _title(view, chosen) if chosen else words("territory.title"),
        [*parts, *series_blocks(view), *needs_blocks(view)],
        lead=_headline(view, chosen) if chosen else None,
        over=words.pick(view.published.titles[view.programme], "title"),
        choices=_choices(view, chosen) if chosen else (),
        synthetic=bool((shown == "synthetic").any()),
    )


def _has_territory(view: View, programme: str) -> bool:
    """Tell whether anything is known of a programme's territory."""
    cut = place_findings(view.published.findings(programme), places_of(view, programme))
    held = (cut, series_findings(view, programme), view.published.map(programme))
    return any(len(found) for found in held)


def _chosen(view: View, cut: pd.DataFrame, places: Places) -> Chosen:
    """Return indicator and level as asked; without, the first indicator at its lowest level."""
    first = {str(row["indicator"]): title_of(view, row) for row in rows_of(cut.drop_duplicates("indicator"))}
    indicator = view.chosen("indicator", list(first), next(iter(first)))
    own = cut[cut["indicator"] == indicator]
    order = list(dict.fromkeys(places.levels.values()))
    levels = sorted(own["place_level"].unique(), key=lambda level: order.index(level) if level in order else len(order))
    level = view.chosen("level", set(cut["place_level"]), levels[-1])
    here = own[own["place_level"] == level].drop_duplicates("code")
    of_all = whole_only(view.findings[view.findings["indicator"] == indicator])
    return Chosen(
        first,
        {name: level_title(view, name) for name in dict.fromkeys([*levels, level])},
        indicator,
        level,
        ranked(rows_of(here)),
        next(iter(rows_of(of_all)), None),
    )


def _parts(view: View, chosen: Chosen, places: Places) -> list[Block]:
    drawn = map_block(view, chosen.rows, places)
    ranking = ranking_block(view, Ranking(chosen.rows, chosen.whole, places), half=drawn is not None)
    return [drawn, ranking] if drawn else [ranking]


def _empty(view: View) -> Block:
    return Block("parts", view.words("territory.parts"), body=nothing(view.words, "territory.none_cut", HOW))


def _title(view: View, chosen: Chosen) -> str:
    level = chosen.levels[chosen.level]
    return view.words("territory.by", title=chosen.indicators[chosen.indicator], level=level[0].lower() + level[1:])


def _headline(view: View, chosen: Chosen) -> Node:
    """Return the sentence: which values are highest and lowest, and whether the order between can be trusted."""
    words = view.words
    valued = [row for row in chosen.rows if known(row["value"])]
    if not valued:
        return words("territory.nothing")
    ends = [_end(view, "highest", valued[0], valued)]
    ends += [_end(view, "lowest", valued[-1], valued)] if valued[-1]["value"] != valued[0]["value"] else []
    return [*ends, words("territory.uncertain") if is_uncertain(chosen.rows) else None]


def _end(view: View, name: str, row: Row, rows: list[Row]) -> Node:
    """Say whose value is the highest or the lowest, or how many have it."""
    words, count = view.words, sum(other["value"] == row["value"] for other in rows)
    value = h("strong", words.number(row["value"], row["unit"]))
    said = rich(words, f"territory.{name}", value=value, name=h("strong", part_of(view, row)))
    return [said if count == 1 else rich(words, f"territory.{name}_of", value=value, number=words.number(count)), " "]


def _choices(view: View, chosen: Chosen) -> list[Choice]:
    words = view.words
    choices = [
        Choice("indicator", words("territory.indicator"), chosen.indicators, chosen.indicator),
        Choice("level", words("territory.level"), chosen.levels, chosen.level),
    ]
    return [choice for choice in choices if len(choice.options) > 1]


PAGE = Page(
    name="territory",
    title="menu.territory",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(),
    has_content=_has_territory,
    examples=("territory/wecare",),
)
