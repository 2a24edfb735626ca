"""The rows of one indicator as its design needs them: arms, waves, covariates, clusters, weights.

First step of every design; refuses what no design can use (persons who change arm, several rows of a person in a wave).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, Self, TypeAlias, TypeVar, cast

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from impact.declare import Programme, in_language
from impact.declare.contracts import Contract
from impact.declare.hierarchy import codes_within, column_codelist
from impact.declare.indicators import Indicator
from impact.designs.base import Armed, Design, EndLine
from impact.errors import NotEstimable
from impact.estimate.covariates import covariate, earlier_outcome
from impact.estimate.result import Effect
from impact.measure import unit_frame
from impact.statistics.core import Floats, Ints
from impact.statistics.surveys.design import SampleDesign
from impact.words.said import Said

MINIMUM_PER_ARM = 2
Group: TypeAlias = "tuple[str, str] | None"
"""Column and value of a subgroup, or None for everybody."""
Value = TypeVar("Value")
Memory: TypeAlias = "dict[str, Any]"
D_co = TypeVar("D_co", bound=Design, covariant=True)


@dataclass(frozen=True)
class Others:
    """What a design that builds on another indicator's effect may ask of it.

    Parameters
    ----------
    effect
        Gives the effect of an indicator, for everybody or a subgroup; raises ``NotEstimable``.
    stands_on
        Gives the names of the checks that an indicator's design rests on.
    """

    effect: Callable[[Indicator, Group], Effect]
    stands_on: Callable[[Indicator], tuple[str, ...]]


@dataclass(frozen=True)
class Case(Generic[D_co]):
    """One indicator (or a subgroup of its units) whose effect is wanted, by its kind of design.

    Parameters
    ----------
    connection
        Holds the views of the programme's good rows.
    programme, indicator
        The programme, and its indicator whose design is estimated.
    others
        Where a design finds the effect of another indicator.
    group
        Column and value of a subgroup, or None for everybody.
    memory
        What was read of the indicator's rows, for everybody and every subgroup.
    """

    connection: duckdb.DuckDBPyConnection
    programme: Programme
    indicator: Indicator
    others: Others
    group: Group = None
    memory: Memory = field(default_factory=dict)

    def remembered(self, name: str, read: Callable[[Self], Value]) -> Value:
        """Return what is read of the indicator's rows, once for everybody and every subgroup."""
        if name not in self.memory:
            self.memory[name] = read(self)
        value: Value = self.memory[name]
        return value

    @property
    def contract(self) -> Contract:
        """The contract of the indicator's rows."""
        return self.programme.contracts[self.indicator.contract]

    @property
    def design(self) -> D_co:
        """The declared design, of the kind whose estimate was chosen by it."""
        return cast("D_co", self.indicator.ex_post.design)

    @property
    def unit(self) -> str:
        """Unit of the indicator, in English."""
        return in_language(self.indicator.unit)

    @property
    def waves(self) -> list[str]:
        """Waves in the order of their declaration."""
        return [wave.id for wave in self.programme.header.waves]

    @property
    def baseline(self) -> str | None:
        """The wave before the programme: a change's earlier wave, else the declared baseline."""
        since = self.indicator.formula.followed_since
        declared = self.indicator.ex_ante.baseline
        if since is None and declared is not None:
            return declared.wave
        return since

    @property
    def group_codes(self) -> tuple[str, ...]:
        """The labels of the group's rows: its value and, in a hierarchy, the codes below it; none for everybody."""
        if self.group is None:
            return ()
        column, value = self.group
        codelist = column_codelist(self.programme, self.indicator.contract, column)
        return codes_within(codelist, value)

    @property
    def group_rows(self) -> tuple[str, tuple[str, ...]] | None:
        """The group's column with the labels of its rows, or None for everybody."""
        return (self.group[0], self.group_codes) if self.group else None

    @property
    def when(self) -> Said:
        """The wave or period of the outcome, in words."""
        return Said("checks.at", wave=str(self.indicator.ex_post.wave or self.indicator.ex_post.period))


def design_rows(case: Case[Design]) -> pd.DataFrame:
    """Return the rows of a case with the columns its design and sample name.

    With arms, only rows of the two arms, ``_treated`` 0 or 1, and nobody in both.
    """
    groups = dict.fromkeys((*case.indicator.scope, *case.indicator.by, *((case.group[0],) if case.group else ())))
    frame = case.remembered(f"rows by {', '.join(groups)}", partial(_all_rows, groups=list(groups)))
    if case.group:
        frame = _members(case, frame, case.group[0])
    labels = [name for name in frame if str(name).startswith("group:")]
    frame = frame.drop(columns=labels)
    if isinstance(case.design, Armed):
        frame = _with_arms(frame, case.design)
    return frame


def _all_rows(case: Case[Design], groups: list[str]) -> pd.DataFrame:
    """Read the rows of everybody, with the labels of the columns by which there are groups."""
    indicator = case.indicator
    columns = dict.fromkeys((*case.design.columns(), *indicator.sample.columns(), *indicator.by))
    return unit_frame(
        case.connection,
        case.programme.id,
        case.contract,
        indicator,
        list(columns),
        as_text=code_columns(case),
        groups=groups,
    )


def _with_arms(frame: pd.DataFrame, design: Armed) -> pd.DataFrame:
    arms = frame[design.arm]
    treated, comparison = arms == design.treated, arms == design.comparison
    frame = frame.assign(_treated=treated.astype(int))[treated | comparison]
    low, high = (ends(frame["_treated"].to_numpy(), unit_starts(frame)) for ends in _ENDS)
    movers = int((low < high).sum())
    if movers:
        raise NotEstimable(
            Said("checks.persons_change_arm_between_waves", n=movers),
            Said("checks.one_arm_per_person_assigned"),
        )
    return frame


_ENDS = (np.minimum.reduceat, np.maximum.reduceat)


def unit_starts(frame: pd.DataFrame) -> Ints:
    """Return where each unit begins in rows that stand by unit."""
    units = frame["_unit"].to_numpy()
    return np.flatnonzero(np.diff(units, prepend=-1))


def code_columns(case: Case[Design]) -> list[str]:
    """Return the columns that are read as codes, whatever their type: as they are written in the database."""
    return [*case.design.code_columns(), *cluster_names(case)]


def _members(case: Case[Design], frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Keep the persons of a group, as they were at the baseline, or at their first wave if they were not there."""
    labels = frame[["_unit", "_wave", f"group:{column}"]]
    first = first_rows(case, labels, start=case.baseline)
    inside = first[f"group:{column}"].isin(case.group_codes).to_numpy()
    members: pd.DataFrame = frame[inside[frame["_unit"].to_numpy()]]
    return members


def first_rows(case: Case[Design], frame: pd.DataFrame, *, start: str | None = None) -> pd.DataFrame:
    """Return each unit's first row in the order of the waves, indexed by unit; that of ``start`` before all others.

    Rows stand by unit, as :func:`design_rows` returns them.
    """
    waves = case.waves if start is None else [start, *case.waves]
    places = pd.Index(dict.fromkeys(waves)).get_indexer(pd.Index(frame["_wave"]))
    order = np.where(places < 0, len(waves), places)  # without waves there is one row, or they stand as they are
    count = len(frame)
    first = np.minimum.reduceat(order * count + np.arange(count), unit_starts(frame)) % max(count, 1)
    return frame.iloc[first].set_index("_unit")


def at_wave(frame: pd.DataFrame, wave: str | None) -> pd.DataFrame:
    """Return one row per unit at a wave, indexed by unit; without waves, all rows."""
    rows = frame if wave is None else frame[frame["_wave"] == wave]
    if rows["_unit"].duplicated().any():
        raise NotEstimable(
            Said("checks.person_has_several_rows_one_wave"),
            Said("checks.one_row_per_person_wave_filter_another"),
        )
    return rows.set_index("_unit")


def require_arms(treated: pd.Series, when: Said) -> None:
    """Refuse arms with fewer than two units."""
    counts = treated.value_counts()
    for value, arm in ((1, "treated"), (0, "comparison")):
        n = counts.get(value, 0)
        if n < MINIMUM_PER_ARM:
            reason = Said(f"checks.few_{arm}", n=n, when=when)
            raise NotEstimable(reason, Said("checks.least_each_arm", n=MINIMUM_PER_ARM))


def require_covariates(covariates: pd.DataFrame, treated: pd.Series | None = None) -> None:
    """Refuse a covariate that nobody has, or nobody of an arm: leaving out who lacks it would leave nobody."""
    everybody = pd.Series(True, index=covariates.index)
    arms = {"everybody": everybody}
    if treated is not None:
        arms |= {"treated": treated == 1, "comparison": treated == 0}
    for name in covariates.columns:
        for whom, members in arms.items():
            if members.any() and covariates.loc[members, name].isna().all():
                reason = Said(f"checks.missing_for_{whom}", name=covariate(name))
                raise NotEstimable(reason, Said("checks.values_wave_taken_design_without"))


def as_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Return columns as floats: codes become 0/1 columns ``name=code``, the first left out; missing stays missing."""
    columns: dict[str, pd.Series] = {}
    for name in frame.columns:
        values = frame[name]
        if pd.api.types.is_numeric_dtype(values):
            columns[str(name)] = values.astype(float)
            continue
        dummies = pd.get_dummies(values, prefix=name, prefix_sep="=", drop_first=True, dtype=float)
        for code in dummies:
            columns[str(code)] = dummies[code].where(values.notna())
    return pd.DataFrame(columns, index=frame.index)


def background(case: Case[EndLine], rows: pd.DataFrame, end: pd.DataFrame) -> pd.DataFrame:
    """Return the covariates of the end-line units as they stand: columns at baseline, outcomes at earlier waves."""
    names = list(case.design.covariates)
    linked = case.baseline is not None and case.contract.person is not None
    measured = at_wave(rows, case.baseline)[names].reindex(end.index) if linked else end[names]
    columns = measured.copy()
    for wave in case.design.covariate_waves:
        outcome = at_wave(rows, wave)["_outcome"]
        columns[earlier_outcome(wave)] = outcome.reindex(end.index)
    return columns


def cluster_labels(case: Case[Design], frame: pd.DataFrame) -> tuple[NDArray[np.object_], ...]:
    """Return the labels of the design's clusters, else of the sample's, of rows that have them (see :func:`placed`)."""
    return tuple(frame[name].to_numpy(dtype=object) for name in cluster_names(case))


def placed(case: Case[Design], frame: pd.DataFrame) -> tuple[pd.Series, dict[str, int]]:
    """Tell which rows have every cluster and the weight, and by column how many with an outcome have none.

    A row without is left out as one without an outcome is: what it would count with is not known.
    """
    return in_place(frame, place_columns(case), frame["_outcome"].notna())


def place_columns(case: Case[Design]) -> list[str]:
    """Return the columns without which nobody knows what a row counts for: clusters and weight."""
    weight = case.indicator.sample.weight
    names = [*cluster_names(case), weight] if weight else cluster_names(case)
    return list(dict.fromkeys(names))


def in_place(frame: pd.DataFrame, names: list[str], counted: pd.Series) -> tuple[pd.Series, dict[str, int]]:
    """Tell which rows have all the columns, and by the first one that is missing how many of those counted lack it."""
    complete = pd.Series(True, index=frame.index)
    without: dict[str, int] = {}
    for name in names:
        missing = frame[name].isna()
        without[name] = int((complete & counted & missing).sum())
        complete &= ~missing
    return complete, without


def cluster_names(case: Case[Design]) -> tuple[str, ...]:
    """Return the columns of the design's clusters, else of the sample's."""
    sampled = case.indicator.sample.cluster
    return case.design.clusters or ((sampled,) if sampled else ())


def require_clusters(case: Case[Design], frame: pd.DataFrame) -> None:
    """Refuse an arm that lies in a single cluster of the assignment."""
    for name in cluster_names(case)[:1]:
        per_arm = frame.groupby("_treated")[name].nunique()
        if (per_arm < MINIMUM_PER_ARM).any():
            raise NotEstimable(
                Said("checks.arm_lies_cluster", value=int(per_arm.min()), name=name),
                Said("checks.least_two_clusters_each_arm"),
            )


def survey_design(case: Case[Design], frame: pd.DataFrame) -> SampleDesign | None:
    """Return the sample design where strata or population sizes are declared, and the design has no own clusters."""
    sample = case.indicator.sample
    if case.design.clusters or not (sample.strata or sample.population):
        return None
    weights = sample_weights(case, frame)
    if weights is None:
        weights = np.ones(len(frame))
    strata = frame[sample.strata].to_numpy(dtype=object) if sample.strata else None
    clusters = frame[sample.cluster].to_numpy(dtype=object) if sample.cluster else None
    population = frame[sample.population].to_numpy(dtype=float) if sample.population else None
    within = frame[sample.population_within].to_numpy(dtype=float) if sample.population_within else None
    lonely = sample.lonely_psu or "refuse"
    return SampleDesign(weights, strata, clusters, population, lonely=lonely, within=within)


def sample_weights(case: Case[Design], frame: pd.DataFrame) -> Floats | None:
    """Return sampling weights, or None; refuse what is missing or not positive."""
    name = case.indicator.sample.weight
    if name is None:
        return None
    weights = np.asarray(frame[name].to_numpy(dtype=float), dtype=np.float64)
    positive = weights > 0  # a missing one is not
    if not positive.all():
        raise NotEstimable(
            Said("checks.some_observations_have_no_positive_weight", name=name),
            Said("checks.weight_above_zero_everybody"),
        )
    return weights
