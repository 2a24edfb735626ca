"""Rows of ties and a roster become a network per wave and part, and its measure a value with an interval.

Follows ``validate``, whose keys keep unknown bodies and self-ties out of the good rows; ``estimate`` compares the same
networks over waves, ``publish`` draws them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from impact.declare import Programme
from impact.declare.base import Condition
from impact.declare.conditions import condition_sql
from impact.declare.contracts import Codelist, Contract
from impact.declare.hierarchy import branches, codes_within
from impact.declare.indicators import Indicator
from impact.errors import NotEstimable
from impact.formulas.measured import COMPLETE, Measured
from impact.formulas.network.model import TURNOVER, Network
from impact.measure.breakdown import column_cuts, cut_codelists
from impact.measure.formula import where_sql
from impact.measure.measurement import Domain, Measurement
from impact.sql import Select, as_text, ident, text_columns, text_or_blank
from impact.states import Arm
from impact.statistics.networks import inference
from impact.statistics.networks import network as networks
from impact.tables.part import MISSING_GROUP, WHOLE, Part
from impact.words.said import Remark, Said

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
    lists
        The codelist of each cut that has one: in a hierarchy a code stands for those below it too.
    """

    ties: pd.DataFrame
    bodies: pd.DataFrame
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
        positions = self.names.get_indexer(names)
        adjacency = self.network.adjacency[np.ix_(positions, positions)]
        network = networks.Network(adjacency, self.network.directed)
        groups = None if self.groups is None else self.groups[positions]
        left_out = self.left_out + len(self.names) - len(names)
        return Observed(network, names, groups, left_out)


def tie_rows(connection: duckdb.DuckDBPyConnection, programme: Programme, indicator: Indicator) -> TieRows:
    """Return the ties and the roster of a network indicator, with the columns it is cut by."""
    formula = network_of(indicator)
    contract = programme.contracts[indicator.contract]
    roster = programme.contracts[formula.bodies.contract]
    cuts = [*indicator.by, *indicator.scope]
    tie = {
        "_from": as_text(formula.source),
        "_to": as_text(formula.target),
        "_inside": f"coalesce({where_sql(indicator, contract)}, FALSE)",
        "_mutual": _holds(formula.mutual, contract, otherwise="FALSE"),
        "_wave": text_or_blank(contract.wave),
    }
    tie |= text_columns(name for name in cuts if name in contract.columns)
    body = {
        "_body": as_text(formula.bodies.key),
        "_answered": _holds(formula.bodies.answered, roster, otherwise="TRUE"),
        "_group": as_text(formula.group) if formula.group else "NULL",
        "_wave": as_text(roster.wave) if roster.wave else "NULL",
    }
    body |= text_columns(name for name in cuts if name not in contract.columns)
    ties = connection.execute(Select(tie, ident(programme.id, contract.id)).sql()).df()
    bodies = connection.execute(Select(body, ident(programme.id, roster.id), order=("_body",)).sql()).df()
    return TieRows(ties, bodies, cut_codelists(programme, indicator))


def _holds(condition: Condition | None, contract: Contract, *, otherwise: str) -> str:
    """Write whether a condition holds of a row; ``otherwise`` where none is declared."""
    test = condition_sql(condition, contract) if condition else otherwise
    return f"coalesce({test}, FALSE)"


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
    listed = _at_wave(rows.bodies, wave)
    if part:
        column, code = part
        codes = codes_within(rows.lists.get(column), code)
        if column in ties:
            ties = _coded(ties, column, codes)
        else:
            listed = _coded(listed, column, codes)
    grouped = listed["_group"].notna() | (formula.group is None)
    bodies = listed[listed["_answered"] & grouped]
    if not 1 <= len(bodies) <= LARGEST:
        raise NotEstimable(Said("values.bodies_with_answer", n=len(bodies)), Said("values.roster", most=LARGEST))
    names = pd.Index(bodies["_body"])
    groups = bodies["_group"].to_numpy(dtype=object) if formula.group else None
    adjacency = _adjacency(ties, names, directed=formula.directed)
    network = networks.Network(adjacency, formula.directed)
    return Observed(network, names, groups, len(listed) - len(bodies))


def _at_wave(table: pd.DataFrame, wave: str) -> pd.DataFrame:
    """Return the rows of a wave, and those that hold in all."""
    return table[table["_wave"].isna() | (table["_wave"] == wave)]


def _coded(table: pd.DataFrame, column: str, codes: Sequence[str]) -> pd.DataFrame:
    labels = table[column].fillna(MISSING_GROUP)
    return table[labels.isin(codes)]


def _adjacency(ties: pd.DataFrame, names: pd.Index, *, directed: bool) -> NDArray[np.bool_]:
    """Return the matrix of ties (row to column) among the bodies that are named; other ties are left out."""
    start, end = (names.get_indexer(pd.Index(ties[column])) for column in ("_from", "_to"))
    inside = (start >= 0) & (end >= 0)
    two_way = ties["_mutual"].to_numpy(dtype=bool) | (not directed)
    back = inside & two_way
    matrix = np.zeros((len(names), len(names)), dtype=bool)
    matrix[start[inside], end[inside]] = True
    matrix[end[back], start[back]] = True
    return matrix


def observed_waves(indicator: Indicator, rows: TieRows) -> set[str]:
    """Return the waves with ties, and those in which bodies of the roster answered, even if they named nobody."""
    waves = set(rows.ties["_wave"])
    if network_of(indicator).bodies.answered is not None:
        answered = rows.bodies.loc[rows.bodies["_answered"], "_wave"]
        waves |= set(answered.dropna())
    return waves


def both_waves(
    indicator: Indicator, rows: TieRows, since: str, wave: str, part: tuple[str, str] | None = None
) -> tuple[Observed, Observed]:
    """Return the networks of two waves, or of a part of them, each with the bodies of its own.

    Raises
    ------
    NotEstimable
        If one of the waves has no rows: a network measured once has no change.
    """
    waves = observed_waves(indicator, rows)
    missing = [name for name in (since, wave) if name not in waves]
    if missing:
        raise NotEstimable(Said("values.network_of_one_wave", waves=missing), Said("values.ties_both_waves"))
    earlier = observed_at(indicator, rows, since, part)
    later = observed_at(indicator, rows, wave, part)
    return earlier, later


def in_common(earlier: Observed, later: Observed) -> tuple[Observed, Observed]:
    """Return two networks among the bodies that are in both.

    Raises
    ------
    NotEstimable
        If fewer than two bodies are.
    """
    common = earlier.names.intersection(later.names, sort=True)
    if len(common) < 2:
        raise NotEstimable(Said("values.bodies_both_waves", n=len(common)), Said("values.least_two"))
    return earlier.among(common), later.among(common)


def network_values(indicator: Indicator, rows: TieRows) -> Iterator[Measurement]:
    """Yield the value of each wave and part; its ``n`` are the bodies it rests on, ``n_missing`` those left out."""
    formula = network_of(indicator)
    if formula.measure in TURNOVER:
        yield _turnover(indicator, rows)
        return
    for wave in sorted(observed_waves(indicator, rows)):
        for part in _parts(indicator, rows, wave):
            domain = Domain(Arm.ALL, part, wave)
            cut = None if part.is_whole else (part.column, part.code)
            try:
                observed = observed_at(indicator, rows, wave, cut)
                measured = _measured(indicator, observed)
            except NotEstimable as error:
                yield Measurement(indicator.id, domain, _no_value(error.reason), 0, 0)
                continue
            yield Measurement(indicator.id, domain, measured, len(observed.names), observed.left_out)


def _no_value(reason: Remark) -> Measured:
    method = Said("join.not_estimable", why=reason)
    return Measured(None, method=method, flags=("no_data",))


def _parts(indicator: Indicator, rows: TieRows, wave: str) -> Iterator[Part]:
    yield WHOLE
    for cut in column_cuts(indicator):
        table = _at_wave(rows.ties if cut.column in rows.ties else rows.bodies, wave)
        labels = table[cut.column].fillna(MISSING_GROUP).unique()
        for branch in branches(rows.lists.get(cut.column), labels):
            yield replace(cut, code=branch.code)


def _measured(indicator: Indicator, observed: Observed) -> Measured:
    formula = network_of(indicator)
    value = networks.network_measure(observed.network, formula.measure, observed.groups)
    if np.isnan(value):
        return _no_value(Said("values.network_too_small", measure=formula.measure))
    flags: tuple[str, ...] = ("bodies_left_out",) if observed.left_out else ()
    if formula.measure == "mean_path" and networks.unreachable_pairs(observed.network):
        flags += ("unreachable",)
    if indicator.sample.all_units:
        return Measured(value, method=COMPLETE, flags=flags)
    return _bootstrapped(formula, observed, value, flags)


def _bootstrapped(formula: Network, observed: Observed, value: float, flags: tuple[str, ...]) -> Measured:
    """Return a value with the interval that resampling its bodies gives."""
    measure = formula.measure
    if measure in BIASED:
        return _without_interval(value, Said("values.bodies_lose_partners"), flags)
    rng = np.random.default_rng(formula.seed)
    try:
        drawn = inference.vertex_bootstrap(observed.network, measure, observed.groups, draws=formula.draws, rng=rng)
    except NotEstimable as error:
        return _without_interval(value, error.reason, flags)
    least, most = LIMITS.get(measure, (0.0, np.inf))
    low = max(drawn.conf_low, least)
    high = min(drawn.conf_high, most)
    method = Said("values.vertex_bootstrap", n=len(observed.names), draws=formula.draws)
    return Measured(value, drawn.std_error, low, high, None, method, flags)


def _without_interval(value: float, reason: Remark, flags: tuple[str, ...]) -> Measured:
    method = Said("join.no_interval", why=reason)
    return Measured(value, method=method, flags=("no_interval", *flags))


def _turnover(indicator: Indicator, rows: TieRows) -> Measurement:
    """Return the change of ties between two waves, among the bodies of both."""
    formula = network_of(indicator)
    wave = indicator.ex_post.wave or ""
    measurement = partial(Measurement, indicator.id, Domain(Arm.ALL, WHOLE, wave))
    try:
        networks_of_waves = both_waves(indicator, rows, formula.since or "", wave)
        earlier, later = in_common(*networks_of_waves)
    except NotEstimable as error:
        return measurement(_no_value(error.reason), 0, 0)
    change = networks.tie_change(earlier.network, later.network)
    left_out = earlier.left_out + later.left_out
    value = _turnover_value(change, formula.measure)
    if np.isnan(value):
        measured = _no_value(Said("values.no_ties"))
    else:
        flags = ("bodies_left_out",) if left_out else ()
        measured = Measured(value, method=COMPLETE, flags=flags)
    return measurement(measured, len(earlier.names), left_out)


def _turnover_value(change: networks.TieChange, measure: str) -> float:
    """Return a count or share of ties; not a number where it is a share of none."""
    later_ties = change.persistent + change.formed
    values = {
        "formed": change.formed,
        "dissolved": change.dissolved,
        "persistent": change.persistent,
        "stability": change.jaccard,
        "repeated": change.persistent / later_ties if later_ties else np.nan,
    }
    return float(values[measure])
