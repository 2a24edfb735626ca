"""``indicators.yaml``: what is measured, what was promised ex ante, and which design estimates the effect ex post."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from impact.declare.base import Code, ColumnName, Condition, Date, Declared, Id, Level, Origin, Text
from impact.declare.contracts import Contract
from impact.declare.expectations import Forecast, PowerPlan
from impact.declare.promises import AnyTarget, PartTargets
from impact.designs.models import AnyDesign
from impact.formulas.models import Formula
from impact.periods import LAST_REPORT, UNIT_OPEN

OverTime = Literal["flow", "stock", "running_total"]
"""What the numbers of periods come to in a longer one."""


class Margin(Declared):
    """Known population totals of one column: per code (numbers of units), or the sum of a numeric column."""

    column: ColumnName
    totals: dict[Code, float] | None = None
    total: float | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Margin:
        if (self.totals is None) == (self.total is None):
            raise ValueError("give totals per code, or total for a numeric column")
        return self


class Calibration(Declared):
    """Weights are moved as little as needed until the sample adds up to known population totals.

    Post-stratification takes one margin of codes, raking one or more; linear, raking-ratio and logit calibration take
    codes and numbers. ``bounds`` limit how far the logit method may move a weight (ratio of new to old).
    """

    method: Literal["post_stratification", "raking", "linear", "raking_ratio", "logit"]
    margins: tuple[Margin, ...] = Field(min_length=1)
    bounds: tuple[float, float] | None = None
    tolerance: float = Field(default=1e-10, gt=0)
    origin: Origin

    @model_validator(mode="after")
    def _coherent(self) -> Calibration:
        without_totals = [margin for margin in self.margins if margin.totals is None]
        if (self.method == "logit") != (self.bounds is not None):
            raise ValueError("bounds go with method: logit, and logit needs them")
        if self.method == "post_stratification" and len(self.margins) != 1:
            raise ValueError("post_stratification takes one margin; use raking for several")
        if self.method in ("post_stratification", "raking") and without_totals:
            raise ValueError(f"{self.method} takes totals per code")
        return self


class Replication(Declared):
    """Standard errors by replicate weights in place of linearisation."""

    method: Literal["JK1", "JKn", "BRR", "bootstrap"]
    draws: int = Field(default=200, ge=20, le=10_000)
    seed: int = Field(default=1, ge=0)


class Sample(Declared):
    """How the rows were sampled; absent, they are a simple random sample.

    ``population`` is a column with the stratum's population size, in clusters where there are clusters;
    ``population_within`` one with the size of the row's cluster, where rows were drawn within clusters. Labels of
    clusters count within their stratum. ``lonely_psu`` says what a stratum of one sampling unit adds to the variance
    (none declared: ``refuse``); ``effective`` on how many the bound of a share of exactly 0 or 1 rests (none declared:
    clusters if there are any, else respondents). ``all_units`` says that the rows are all there is: values are exact,
    without interval.
    """

    weight: ColumnName | None = None
    strata: ColumnName | None = None
    cluster: ColumnName | None = None
    population: ColumnName | None = None
    population_within: ColumnName | None = None
    lonely_psu: Literal["refuse", "certainty", "centred", "scaled"] | None = None
    effective: Literal["clusters", "respondents"] | None = None
    all_units: bool = False
    calibration: Calibration | None = None
    replicates: Replication | None = None

    @model_validator(mode="after")
    def _all_units_is_no_sample(self) -> Sample:
        if self.all_units and (self.weight or self.strata or self.cluster or self.population):
            raise ValueError("all_units leaves no weight, strata, cluster or population")
        if self.population and not (self.strata or self.weight):
            raise ValueError("population goes with strata or weight")
        if self.population_within and not (self.cluster and self.population):
            raise ValueError("population_within is the second stage of a cluster and a population: give both")
        if self.effective == "clusters" and not self.cluster:
            raise ValueError("effective: clusters goes with cluster")
        if self.effective and not self.columns():
            raise ValueError("effective goes with a weight, strata or cluster")
        return self

    @model_validator(mode="after")
    def _lonely_needs_strata(self) -> Sample:
        if self.lonely_psu and not self.strata:
            raise ValueError("lonely_psu goes with strata")
        if self.replicates and (self.lonely_psu or self.population_within):
            raise ValueError("replicates take neither lonely_psu nor population_within")
        if (self.calibration or self.replicates) and not self.weight:
            raise ValueError("calibration and replicates start from a weight")
        return self

    def columns(self) -> list[str]:
        """Return the columns that describe the sample."""
        names = (self.weight, self.strata, self.cluster, self.population, self.population_within)
        return [name for name in names if name]


class Baseline(Declared):
    """Where things stood before: a wave of the data, or a figure from a document."""

    wave: Code | None = None
    value: float | None = None
    origin: Origin | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Baseline:
        if (self.wave is None) == (self.value is None):
            raise ValueError("give either wave or value")
        if self.value is not None and self.origin is None:
            raise ValueError("a baseline value says where it comes from: add origin")
        return self


class ExAnte(Declared):
    """What was promised and expected, before.

    ``target`` is one value on one day, or a path of several; ``targets`` are those of parts, which stand in a file.
    """

    baseline: Baseline | None = None
    target: AnyTarget | None = None
    targets: PartTargets | None = None
    forecast: Forecast | None = None
    power: PowerPlan | None = None


class ExPost(Declared):
    """When the outcome is looked at, and the design that separates the programme's part."""

    wave: Code | None = None
    period: Date | None = None
    design: AnyDesign | None = None

    @model_validator(mode="after")
    def _one_form(self) -> ExPost:
        if (self.wave is None) == (self.period is None):
            raise ValueError("give wave for data with waves, period for data without")
        return self


class Indicator(Declared):
    """One measure on one node of the theory of change.

    ``over_time`` says, where the contract has a clock, what the numbers of periods come to in a longer one: those of a
    ``flow`` are taken together; of a ``stock`` the last report of each unit counts; a ``running_total`` is reported as
    it stands since the start, and what a period adds is the difference to the one before.
    """

    id: Id
    title: Text
    node: Id
    level: Level
    unit: Text
    direction: Literal["increase", "decrease", "maintain"]
    contract: Id
    formula: Formula
    where: tuple[Condition, ...] = ()
    by: tuple[ColumnName, ...] = ()
    scope: tuple[ColumnName, ...] = ()
    over_time: OverTime | None = None
    sample: Sample = Sample()
    ex_ante: ExAnte = ExAnte()
    ex_post: ExPost
    primary: bool = False
    note: Text | None = None

    @property
    def takes_last_report(self) -> bool:
        """Whether only the last report of each unit counts."""
        return self.over_time in ("stock", "running_total")

    def report_flags(self, contract: Contract) -> tuple[str, ...]:
        """Return the columns that the engine adds to rows with a clock, of which a row must have all to count."""
        last = (LAST_REPORT,) if self.takes_last_report else ()
        of_open = self.over_time == "stock" and contract.units_close
        return (*last, UNIT_OPEN) if of_open else last

    @property
    def reads(self) -> tuple[str, ...]:
        """Contracts whose rows give the value: its own first."""
        return (self.contract, *self.formula.contracts())


class IndicatorsFile(Declared):
    """The whole of ``indicators.yaml``; an empty list where all are those of frameworks."""

    indicators: tuple[Indicator, ...]
