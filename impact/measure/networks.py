"""Rows of ties and a roster become a network per wave and part, and its measure a value with an interval.

Follows ``validate``, whose keys keep unknown bodies and self-ties out of the good rows; ``estimate`` compares the same
networks over waves, ``publish`` draws them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from impact.declare import Programme
from impact.declare.conditions import condition_sql
from impact.declare.contracts import Codelist
from impact.declare.hierarchy import branches, codes_within
from impact.declare.indicators import Indicator
from impact.errors import NotEstimable
from impact.formulas.measured import COMPLETE, Measured
from impact.formulas.network.model import TURNOVER, Network
from impact.measure.formula import where_sql
from impact.measure.measurement import Domain, Measurement
from impact.measure.parts import cut_codelists
from impact.sql import Select, as_text, ident, text_columns, text_or_blank
from impact.states import Arm
from impact.statistics.networks import inference
from impact.statistics.networks import network as networks
from impact.tables.part import MISSING_GROUP, WHOLE, Part
from impact.words.said import Said

_SHARES = ("density", "reciprocity", "transitivity", "cross_group_share", "diversity")
_INDICES = ("degree_centralisation", "betweenness_centralisation")
LIMITS = {**dict.fromkeys((*_SHARES, *_INDICES), (0.0, 1.0)), "ei_index": (-1.0, 1.0), "mean_path": (1.0, np.inf)}
"""Values a measure cannot leave; the others are at least zero."""
BIASED = ("isolates", "components")
"""Measures that a bootstrap of bodies moves away from the value it should vary around."""
LARGEST = 5000
"""Bodies beyond which a matrix of all pairs is refused."""


@dataclass(frozen=True, eq=False)
class TieRows:
    """What a network is made of.

    Parameters
    ----------
    ties
        A row per row of the contract: ``_wave, _from, _to, _inside`` (the filter holds), ``_mutual`` and cuts.
    bodies
        A row per row of the roster: ``_wave`` (missing where the roster has none), ``_body, _answered, _group`` and
        cuts.
    sql
        The query of the ties.
    lists
        The codelist of each cut that has one: in a hierarchy a code stands for those below it too.
    """

    ties: pd.DataFrame
    bodies: pd.DataFrame
    sql: str
    lists: Mapping[str, Codelist]


@dataclass(frozen=True, eq=False)
class Observed:
    """A network as observed: ``names`` (n,) of its bodies in the order of the matrix, and how many were left out."""

    network: networks.Network
    names: pd.Index
    groups: NDArray[np.object_] | None
    left_out: int

    def among(self, names: pd.Index) -> Observed:
        """Return the network of some of its bodies, the others counted as left out."""
        place = self.names.get_indexer(names)
        part = networks.Network(self.network.adjacency[np.ix_(place, place)], self.network.directed)
        groups = None if self.groups is None else self.groups[place]
        return Observed(part, names, groups, self.left_out + len(self.names) - len(names))


def tie_rows(connection: duckdb.DuckDBPyConnection, programme: Programme, indicator: Indicator) -> TieRows:
    """Return the ties and the roster of a network indicator, with the columns it is cut by."""
    formula = network_of(indicator)
    contract, roster = programme.contracts[indicator.contract], programme.contracts[formula.bodies.contract]
    cuts = [*indicator.by, *indicator.scope]
    mutual = condition_sql(formula.mutual, contract) if formula.mutual else "FALSE"
    tie = {
        "_from": as_text(formula.source),
        "_to": as_text(formula.target),
        "_inside": f"coalesce({where_sql(indicator, contract)}, FALSE)",
        "_mutual": f"coalesce({mutual}, FALSE)",
        "_wave": text_or_blank(contract.wave),
        **text_columns(name for name in cuts if name in contract.columns),
    }
    answered = condition_sql(formula.bodies.answered, roster) if formula.bodies.answered else "TRUE"
    body = {
        "_body": as_text(formula.bodies.key),
        "_answered": f"coalesce({answered}, FALSE)",
        "_group": as_text(formula.group) if formula.group else "NULL",
        "_wave": as_text(roster.wave) if roster.wave else "NULL",
        **text_columns(name for name in cuts if name not in contract.columns),
    }
    ties = Select(tie, ident(programme.id, contract.id)).sql()
    bodies = Select(body, ident(programme.id, roster.id), order=("_body",)).sql()
    lists = cut_codelists(programme, indicator)
    return TieRows(connection.execute(ties).df(), connection.execute(bodies).df(), ties, lists)


def network_of(indicator: Indicator) -> Network:
    """Return the network formula of an indicator that has one."""
    if not isinstance(indicator.formula, Network):
        raise TypeError(f"{indicator.id} is no network")
    return indicator.formula


def observed_at(indicator: Indicator, rows: TieRows, wave: str, part: tuple[str, str] | None = None) -> Observed:
    """Return the network of a wave, or of a part of it.

    Bodies that did not answer, and for a measure of mixing those without a group, are left out with all their ties.

    Parameters
    ----------
    indicator
        The indicator, whose formula names the contract of ties and the measure.
    rows
        Ties and listed bodies of all waves, from :func:`tie_rows`.
    wave
        The wave as it is written in the data; ``''`` where the data have no waves.
    part
        Column and value, with the codes below it in a hierarchy: ties of that kind among all bodies, or all ties among
        such bodies.

    Raises
    ------
    NotEstimable
        If no bodies are listed, or more than :data:`LARGEST`.
    """
    formula = network_of(indicator)
    ties = rows.ties[(rows.ties["_wave"] == wave) & rows.ties["_inside"]]
    listed = rows.bodies[rows.bodies["_wave"].isna() | (rows.bodies["_wave"] == wave)]
    if part:
        codes = codes_within(rows.lists.get(part[0]), part[1])
        if part[0] in ties:
            ties = ties[ties[part[0]].fillna(MISSING_GROUP).isin(codes)]
        else:
            listed = listed[listed[part[0]].fillna(MISSING_GROUP).isin(codes)]
    known = listed[listed["_answered"] & (listed["_group"].notna() | (formula.group is None))]
    if not 1 <= len(known) <= LARGEST:
        raise NotEstimable(Said("values.bodies_with_answer", n=len(known)), Said("values.roster", most=LARGEST))
    names = pd.Index(known["_body"])
    groups = known["_group"].to_numpy(dtype=object) if formula.group else None
    network = networks.Network(_adjacency(ties, names, directed=formula.directed), formula.directed)
    return Observed(network, names, groups, len(listed) - len(known))


def _adjacency(ties: pd.DataFrame, names: pd.Index, *, directed: bool) -> NDArray[np.bool_]:
    matrix = np.zeros((len(names), len(names)), dtype=bool)
    start, end = (names.get_indexer(pd.Index(ties[column])) for column in ("_from", "_to"))
    inside = (start >= 0) & (end >= 0)
    both = inside & (ties["_mutual"].to_numpy(dtype=bool) | (not directed))
    matrix[start[inside], end[inside]] = True
    matrix[end[both], start[both]] = True
    return matrix


def observed_waves(indicator: Indicator, rows: TieRows) -> set[str]:
    """Return the waves with ties, and those in which bodies of the roster answered, even if they named nobody."""
    found = set(rows.ties["_wave"])
    if network_of(indicator).bodies.answered is None:
        return found
    return found | set(rows.bodies.loc[rows.bodies["_answered"], "_wave"].dropna())


def both_waves(
    indicator: Indicator, rows: TieRows, since: str, wave: str, part: tuple[str, str] | None = None
) -> tuple[Observed, Observed]:
    """Return the networks of two waves, or of a part of them, each with the bodies of its own.

    Raises
    ------
    NotEstimable
        If one of the waves has no rows: a network measured once has no change.
    """
    seen = observed_waves(indicator, rows)
    if missing := [name for name in (since, wave) if name not in seen]:
        raise NotEstimable(Said("values.network_of_one_wave", waves=missing), Said("values.ties_both_waves"))
    return observed_at(indicator, rows, since, part), observed_at(indicator, rows, wave, part)


def in_common(before: Observed, after: Observed) -> tuple[Observed, Observed]:
    """Return two networks among the bodies that are in both.

    Raises
    ------
    NotEstimable
        If fewer than two bodies are.
    """
    common = before.names.intersection(after.names, sort=True)
    if len(common) < 2:
        raise NotEstimable(Said("values.bodies_both_waves", n=len(common)), Said("values.least_two"))
    return before.among(common), after.among(common)


def network_values(indicator: Indicator, rows: TieRows) -> Iterator[Measurement]:
    """Yield the value of each wave and part; its ``n`` are the bodies it rests on, ``n_missing`` those left out."""
    formula = network_of(indicator)
    if formula.measure in TURNOVER:
        yield _turnover(indicator, rows)
        return
    for wave in sorted(observed_waves(indicator, rows)):
        for part in _parts(indicator, rows, wave):
            domain = Domain(Arm.ALL, part, wave)
            try:
                found = observed_at(indicator, rows, wave, None if part.is_whole else (part.column, part.code))
                measured = _measured(indicator, found)
            except NotEstimable as error:
                words = Said("join.not_estimable", why=error.reason)
                yield Measurement(indicator.id, domain, Measured(None, method=words, flags=("no_data",)), 0, 0)
                continue
            yield Measurement(indicator.id, domain, measured, len(found.names), found.left_out)


def _parts(indicator: Indicator, rows: TieRows, wave: str) -> Iterator[Part]:
    yield WHOLE
    for names in (indicator.scope, indicator.by):
        for name in names:
            table = rows.ties if name in rows.ties else rows.bodies
            here = table[table["_wave"].isna() | (table["_wave"] == wave)]
            for branch in branches(rows.lists.get(name), here[name].fillna(MISSING_GROUP).unique()):
                yield Part(name, branch.code, cuts_programme=names is indicator.scope)


def _measured(indicator: Indicator, found: Observed) -> Measured:
    formula = network_of(indicator)
    value = networks.network_measure(found.network, formula.measure, found.groups)
    if np.isnan(value):
        words = Said("join.not_estimable", why=Said("values.network_too_small", measure=formula.measure))
        return Measured(None, method=words, flags=("no_data",))
    flags: tuple[str, ...] = ("bodies_left_out",) if found.left_out else ()
    if formula.measure == "mean_path" and networks.unreachable_pairs(found.network):
        flags += ("unreachable",)
    if indicator.sample.all_units:
        return Measured(value, method=COMPLETE, flags=flags)
    if formula.measure in BIASED:
        method = Said("join.no_interval", why=Said("values.bodies_lose_partners"))
        return Measured(value, method=method, flags=("no_interval", *flags))
    rng = np.random.default_rng(formula.seed)
    try:
        drawn = inference.vertex_bootstrap(found.network, formula.measure, found.groups, draws=formula.draws, rng=rng)
    except NotEstimable as error:
        return Measured(value, method=Said("join.no_interval", why=error.reason), flags=("no_interval", *flags))
    least, most = LIMITS.get(formula.measure, (0.0, np.inf))
    low, high = max(drawn.conf_low, least), min(drawn.conf_high, most)
    words = Said("values.vertex_bootstrap", n=len(found.names), draws=formula.draws)
    return Measured(value, drawn.std_error, low, high, None, words, flags)


def _turnover(indicator: Indicator, rows: TieRows) -> Measurement:
    formula, wave = network_of(indicator), indicator.ex_post.wave or ""
    measurement = partial(Measurement, indicator.id, Domain(Arm.ALL, WHOLE, wave))
    try:
        before, after = in_common(*both_waves(indicator, rows, formula.since or "", wave))
    except NotEstimable as error:
        words = Said("join.not_estimable", why=error.reason)
        return measurement(Measured(None, method=words, flags=("no_data",)), 0, 0)
    change = networks.tie_change(before.network, after.network)
    now = change.persistent + change.formed
    values = {
        "formed": change.formed,
        "dissolved": change.dissolved,
        "persistent": change.persistent,
        "stability": change.jaccard,
        "repeated": change.persistent / now if now else np.nan,
    }
    left_out = before.left_out + after.left_out
    flags = ("bodies_left_out",) if left_out else ()
    value = float(values[formula.measure])
    if np.isnan(value):
        words = Said("join.not_estimable", why=Said("values.no_ties"))
        return measurement(Measured(None, method=words, flags=("no_data",)), len(before.names), left_out)
    return measurement(Measured(value, method=COMPLETE, flags=flags), len(before.names), left_out)
