"""Whether the pools of ``value.yaml`` hold together with the indicators, columns and codes they name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from impact.declare.base import in_language
from impact.declare.check_value_names import FILE, indicators_of, known_codes, known_indicator
from impact.declare.hierarchy import column_codelist
from impact.declare.indicators import Indicator
from impact.declare.load import Programme
from impact.declare.location import Location, twice
from impact.declare.value.pools import Membership, Pool
from impact.designs.interrupted_time_series.model import InterruptedTimeSeries
from impact.designs.models import has_comparison
from impact.errors import Problem


def pool_problems(programme: Programme) -> Iterator[Problem]:
    """Yield what is wrong with pools of effects."""
    pools = programme.value.pools
    for index, pool in enumerate(pools):
        at = Location(FILE, programme.line(FILE, "pools", index), f"pools.{pool.id}")
        yield from _pool(programme, pool, at)
    for name in twice(pool.id for pool in pools):
        at = Location(FILE, programme.line(FILE, "pools"), "pools")
        yield at.problem(f"two pools have the id '{name}'", fix="Rename one.")


def _pool(programme: Programme, pool: Pool, at: Location) -> Iterator[Problem]:
    for name in pool.names:
        yield from known_indicator(programme, name, at)
    indicators = indicators_of(programme, *pool.names)
    for indicator in indicators:
        yield from _effect(pool, indicator, at)
    yield from _alike(indicators, at)
    if pool.target and any(indicator.direction == "maintain" for indicator in indicators):
        fix = "Declare direction: increase or decrease, or leave the target out."
        yield at.at(f"{at.field}.target").problem(
            "an indicator to be maintained has no side that meets a target", fix=fix
        )
    if len(indicators) == len(pool.names):
        yield from _parts(programme, pool, indicators, at)


def _effect(pool: Pool, indicator: Indicator, at: Location) -> Iterator[Problem]:
    """Yield the problem of an indicator, or of its parts, for which no effect is ever estimated."""
    if not has_comparison(indicator.ex_post.design):
        fix = "Declare a design in ex_post.design, or take it out of the pool."
        yield at.problem(f"indicator '{indicator.id}' has no design with a comparison, so it has no effect", fix=fix)
    if pool.by is not None and pool.by not in indicator.by:
        fix = f"Add '{pool.by}' to `by` of '{indicator.id}' in indicators.yaml: parts in `scope` have no effects."
        what = f"indicator '{indicator.id}' is not cut by '{pool.by}'"
        yield at.at(f"{at.field}.by").problem(what, ", ".join(indicator.by), pool.by, fix)


def _alike(indicators: list[Indicator], at: Location) -> Iterator[Problem]:
    """Yield the problem of indicators whose effects have no mean: of several units, or of several directions."""
    for what, values in (
        ("units", [_effect_unit(indicator) for indicator in indicators]),
        ("directions", [indicator.direction for indicator in indicators]),
    ):
        if len(set(values)) > 1:
            found = ", ".join(dict.fromkeys(values))
            fix = "Pool indicators that measure the same outcome."
            yield at.at(f"{at.field}.indicators").problem(f"effects in several {what} have no mean", "one", found, fix)


def _effect_unit(indicator: Indicator) -> str:
    """Return the unit of an indicator's effect: a change of slope is one per wave."""
    design, unit = indicator.ex_post.design, in_language(indicator.unit)
    is_slope = isinstance(design, InterruptedTimeSeries) and design.estimand == "slope"
    return f"{unit} per wave" if is_slope else unit


def _parts(programme: Programme, pool: Pool, indicators: list[Indicator], at: Location) -> Iterator[Problem]:
    """Yield what is wrong with what is declared of each part: its groups, its numbers."""
    codes = pool.indicators or known_codes(programme, indicators[0], pool.by or "")
    memberships: dict[str, Membership] = {f"subgroups.{group.id}": group for group in pool.subgroups}
    if pool.cluster:
        memberships["cluster"] = pool.cluster
    for field, membership in memberships.items():
        here = at.at(f"{at.field}.{field}")
        yield from _unknown(membership.of or (), codes, here)
        if membership.level is not None:
            yield from _level(programme, pool, indicators[0], membership.level, here)
    for moderator in pool.moderators:
        yield from _unknown(moderator.values, codes, at.at(f"{at.field}.moderators.{moderator.id}"))
    ids = [*(group.id for group in pool.subgroups), *(moderator.id for moderator in pool.moderators)]
    for name in twice(ids):
        yield at.problem(f"two subgroups or moderators have the id '{name}'", fix="Rename one.")


def _unknown(named: Iterable[str], codes: tuple[str, ...], at: Location) -> Iterator[Problem]:
    """Yield the problems of codes that no part can have."""
    for code in named:
        if codes and code not in codes:
            yield at.problem(f"there is no part '{code}'", ", ".join(codes), code)


def _level(programme: Programme, pool: Pool, indicator: Indicator, level: str, at: Location) -> Iterator[Problem]:
    """Yield the problem of a level that the codelist of the parts does not have."""
    codelist = column_codelist(programme, indicator.contract, pool.by or "")
    levels = codelist.levels if codelist else ()
    if level not in levels:
        expected = ", ".join(levels) or "a column whose codelist has levels"
        yield at.problem(f"the parts have no level '{level}'", expected, level, "Give the groups by of instead.")
