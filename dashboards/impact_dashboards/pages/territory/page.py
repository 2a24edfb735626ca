"""Territory: its parts on a map and in order, the series around them, needs against supply. The macro level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from impact_dashboards.parts.marks import ends_of, known
from impact_dashboards.parts.order import is_uncertain, ranked
from impact_dashboards.parts.sentences import rich
from impact_dashboards.parts.territories import Territories, level_title, territories_of, territory_findings

HOW = "docs/how-to/declare_territories.md"


@dataclass(frozen=True)
class Chosen:
    """What the filters choose.

    Parameters
    ----------
    indicators, levels
        The choices, with their words.
    indicator, level
        The indicator and the level that are shown; keys of the choices.
    rows
        Of the territories of that level, ranked.
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
    territories = territories_of(view, view.programme)
    findings = territory_findings(view.findings, territories)
    chosen = _chosen(view, findings, territories) if len(findings) else None
    blocks = _ranked_blocks(view, chosen, territories) if chosen else [_empty(view)]
    return PageContent(
        _title(view, chosen) if chosen else view.words("territory.title"),
        [*blocks, *series_blocks(view), *needs_blocks(view)],
        lead=_headline(view, chosen) if chosen else None,
        over=view.words.pick(view.published.titles[view.programme], "title"),
        choices=_choices(view, chosen) if chosen else (),
        synthetic=_is_synthetic(view, findings),
    )


def _is_synthetic(view: View, findings: pd.DataFrame) -> bool:
    """Tell whether any finding of the territories, or on a series, rests on synthetic data."""
    series = series_findings(view, view.programme)
    kinds = pd.concat([findings["data_kind"], series["data_kind"]])
    is_synthetic = kinds == "synthetic"
    return bool(is_synthetic.any())


# ---- what is chosen --------------------------------------------------------------------------------------------------


def _chosen(view: View, findings: pd.DataFrame, territories: Territories) -> Chosen:
    """Return indicator and level as asked; without, the first indicator at its lowest level."""
    first = rows_of(findings.drop_duplicates("indicator"))
    indicators = {str(row["indicator"]): title_of(view, row) for row in first}
    indicator = view.chosen("indicator", list(indicators), next(iter(indicators)))
    of_indicator = findings[findings["indicator"] == indicator]
    levels = _ordered_levels(of_indicator, territories)
    level = view.chosen("level", set(findings["place_level"]), levels[-1])
    of_level = of_indicator[of_indicator["place_level"] == level].drop_duplicates("code")
    titles = {name: level_title(view, name) for name in dict.fromkeys([*levels, level])}
    return Chosen(indicators, titles, indicator, level, ranked(rows_of(of_level)), _whole(view, indicator))


def _ordered_levels(findings: pd.DataFrame, territories: Territories) -> list[str]:
    """Return the levels of findings from the highest to the lowest, those outside a tree last."""
    order = list(dict.fromkeys(territories.levels.values()))
    levels = findings["place_level"].unique()

    def position(level: str) -> int:
        return order.index(level) if level in order else len(order)

    return sorted(levels, key=position)


def _whole(view: View, indicator: str) -> Row | None:
    findings = view.findings[view.findings["indicator"] == indicator]
    return next(iter(rows_of(whole_only(findings))), None)


def _choices(view: View, chosen: Chosen) -> list[Choice]:
    """Return the filters that leave a choice."""
    indicator = Choice("indicator", view.words("territory.indicator"), chosen.indicators, chosen.indicator)
    level = Choice("level", view.words("territory.level"), chosen.levels, chosen.level)
    return [choice for choice in (indicator, level) if len(choice.options) > 1]


# ---- blocks ----------------------------------------------------------------------------------------------------------


def _ranked_blocks(view: View, chosen: Chosen, territories: Territories) -> list[Block]:
    """Return the map, where the territories can be drawn, and the ranking beside it."""
    drawn = map_block(view, chosen.rows, territories)
    ranking = Ranking(chosen.rows, chosen.whole, territories)
    block = ranking_block(view, ranking, half=drawn is not None)
    return [drawn, block] if drawn else [block]


def _empty(view: View) -> Block:
    return Block("parts", view.words("territory.parts"), body=nothing(view.words, "territory.none_cut", HOW))


# ---- title and sentence ----------------------------------------------------------------------------------------------


def _title(view: View, chosen: Chosen) -> str:
    """Return the title of the indicator with its level, which stands within a sentence there."""
    title = chosen.indicators[chosen.indicator]
    level = chosen.levels[chosen.level]
    name = level[0].lower() + level[1:]
    return view.words("territory.by", title=title, level=name)


def _headline(view: View, chosen: Chosen) -> Node:
    """Return the sentence: which values are highest and lowest, and whether the order between can be trusted."""
    valued = [row for row in chosen.rows if known(row["value"])]
    if not valued:
        return view.words("territory.nothing")
    highest, lowest = valued[0], valued[-1]
    ends = [_end(view, "highest", highest, valued)]
    if lowest["value"] != highest["value"]:
        end = _end(view, "lowest", lowest, valued)
        ends.append(end)
    warning = view.words("territory.uncertain") if is_uncertain(chosen.rows) else None
    return [*ends, warning]


def _end(view: View, name: str, row: Row, rows: Sequence[Row]) -> Node:
    """Say whose value is the highest or the lowest, or how many have it."""
    count = sum(other["value"] == row["value"] for other in rows)
    value = h("strong", view.words.number(row["value"], row["unit"], ends_of(row)))
    if count == 1:
        return [rich(view.words, f"territory.{name}", value=value, name=h("strong", part_of(view, row))), " "]
    return [rich(view.words, f"territory.{name}_of", value=value, number=view.words.number(count)), " "]


def _has_territory(view: View, programme: str) -> bool:
    """Tell whether anything is known of a programme's territory."""
    findings = view.published.findings(programme)
    of_territories = territory_findings(findings, territories_of(view, programme))
    series = series_findings(view, programme)
    needs = view.published.map(programme)
    return any(map(len, (of_territories, series, needs)))


PAGE = Page(
    name="territory",
    title="menu.territory",
    build=page,
    roles=EVERY_ROLE,
    chapter=Chapter(body=("map", "series", "contribution")),
    has_content=_has_territory,
    examples=("territory/wecare",),
)
