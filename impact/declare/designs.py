"""Designs: how an effect is told from what would have happened anyway; one model per design, all under ``ex_post``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from impact.declare.base import Code, ColumnName, Declared
from impact.declare.predictors import Importance, Predictor, WaveSpan
from impact.declare.scaled import ScaledEffect

Errors = Literal["classical", "HC0", "HC1", "HC2", "HC3", "welch", "CR0", "CR1", "CR2", "CR3"]


class Inference(Declared):
    """How the uncertainty of an effect is told.

    Without ``errors``: HC2; with clusters CR2, from 100 clusters on CR1. ``p_value`` and interval come from the t test,
    the wild cluster bootstrap, or (p-value only) from drawing the assignment again. ``small_sample`` says which effects
    a panel regression counts as terms: those not nested in the clusters, all, or no correction.
    """

    errors: Errors | None = None
    p_value: Literal["t", "wild_bootstrap", "randomisation"] = "t"
    draws: int = Field(default=9999, ge=99, le=1_000_000)
    seed: int = Field(default=1, ge=0)
    small_sample: Literal["nested", "full", "none"] = "nested"


class MultipleImputation(Declared):
    """Missing outcomes and covariates are drawn several times and the effects pooled by Rubin's rules."""

    method: Literal["multiple_imputation"]
    draws: int = Field(default=20, ge=2, le=1000)
    seed: int = Field(default=1, ge=0)


class AttritionWeights(Declared):
    """Those who answered are weighted by the inverse of their chance of answering, given the covariates."""

    method: Literal["attrition_weights"]


class CompleteCases(Declared):
    """Persons with a missing outcome or covariate are left out, and counted."""

    method: Literal["complete_cases"]


Missing = Annotated[MultipleImputation | AttritionWeights | CompleteCases, Field(discriminator="method")]


class _Clustered(Declared):
    """What designs share: clusters and inference."""

    cluster: ColumnName | tuple[ColumnName, ColumnName] | None = None
    inference: Inference = Inference()

    @property
    def clusters(self) -> tuple[str, ...]:
        """Columns of the clusters, none to two."""
        if self.cluster is None:
            return ()
        return (self.cluster,) if isinstance(self.cluster, str) else self.cluster


class _Arms(Declared):
    """Which column says who was treated, how it is coded, and what the arms are adjusted for.

    ``placebo_outcomes`` are columns that the programme cannot have changed.
    """

    arm: ColumnName
    treated: Code
    comparison: Code
    covariates: tuple[ColumnName, ...] = ()
    placebo_outcomes: tuple[ColumnName, ...] = ()


class _EndLine(_Arms):
    """Arms compared at one wave.

    ``covariates`` are taken as they stood at the baseline wave; ``covariate_waves`` adds the outcome at earlier waves.
    """

    covariate_waves: tuple[Code, ...] = ()
    missing: Missing = CompleteCases(method="complete_cases")


class Randomised(_EndLine, _Clustered):
    """Randomised assignment: difference in means, ANCOVA, or Lin's interacted adjustment.

    ``blocks`` is the column within which assignment was drawn; ``take_up`` says who received the programme (0 or 1),
    for the effect on those whom the assignment moved (``estimand: LATE``).
    """

    kind: Literal["randomised"]
    adjustment: Literal["ancova", "lin"] = "ancova"
    blocks: ColumnName | None = None
    take_up: ColumnName | None = None
    estimand: Literal["ITT", "LATE"] = "ITT"

    @model_validator(mode="after")
    def _coherent(self) -> Randomised:
        if self.estimand == "LATE" and self.take_up is None:
            raise ValueError("estimand: LATE needs take_up, the column that says who received the programme")
        return self


class DifferenceInDifferences(_Arms, _Clustered):
    """Two groups, two waves.

    ``rows: linked`` follows persons seen at both waves, errors clustered by person unless ``cluster`` is given; trends
    may differ by ``covariates`` as they stood at the baseline. ``rows: repeated`` takes different rows at each wave,
    with the covariates of each row. ``placebo_wave`` is an earlier wave: the same estimate
    between it and the baseline should be zero.
    """

    kind: Literal["did"]
    rows: Literal["linked", "repeated"] = "linked"
    placebo_wave: Code | None = None


class PanelEffects(_Clustered):
    """A treatment that switches on and off, or varies in size, over waves: unit and wave effects (TWFE).

    ``covariates`` vary over waves.
    """

    kind: Literal["panel"]
    treatment: ColumnName
    covariates: tuple[ColumnName, ...] = ()


class Staggered(_Clustered):
    """Units take up the programme at different waves and keep it.

    ``cohort`` is the column with the wave in which a unit was first treated, ``never`` its codes for units that never
    are. ``aggregate`` is the average that becomes the finding's effect; the others are listed as terms.
    ``sensitivity: false`` leaves out the bounds for trends that part, which take a second or two.
    """

    kind: Literal["staggered"]
    cohort: ColumnName
    never: tuple[Code, ...] = ()
    estimator: Literal["callaway_santanna", "sun_abraham", "imputation", "two_stage", "twfe"] = "callaway_santanna"
    control: Literal["never", "not_yet"] = "never"
    adjust: Literal["doubly_robust", "weighting", "regression"] = "doubly_robust"
    covariates: tuple[ColumnName, ...] = ()
    aggregate: Literal["simple", "group", "dynamic", "calendar"] = "simple"
    anticipation: int = Field(default=0, ge=0)
    sensitivity: bool = True


class Matching(_EndLine):
    """Treated persons are compared with untreated ones like them.

    ``method`` is nearest neighbours by propensity score or Mahalanobis distance, subclasses of the propensity score,
    or coarsened exact matching, in which ``exact`` columns are not coarsened. ``caliper`` is in standard deviations
    of the propensity score; ``bias_adjusted`` takes out what differs within nearest pairs by a regression.
    """

    kind: Literal["matching"]
    covariates: tuple[ColumnName, ...] = Field(min_length=1)
    method: Literal["nearest", "subclasses", "coarsened"] = "nearest"
    distance: Literal["propensity", "mahalanobis"] = "propensity"
    ratio: int = Field(default=1, ge=1, le=10)
    replacement: bool = False
    caliper: float | None = Field(default=None, gt=0)
    bias_adjusted: bool = False
    exact: tuple[ColumnName, ...] = ()
    subclasses: int = Field(default=5, ge=2, le=50)
    r2_max: float | None = Field(default=None, gt=0, le=1)


class Weighting(_EndLine):
    """Arms are made alike in the covariates by weights, or by weights and a model of the outcome (``aipw``).

    ``propensity: known`` takes the estimated weights as given in the error, as survey software does. ``r2_max`` is
    the R² that Oster's check supposes if hidden causes were known; by default 1.3 times that of the covariates.
    """

    kind: Literal["weighting"]
    cluster: ColumnName | None = None
    covariates: tuple[ColumnName, ...] = Field(min_length=1)
    method: Literal["ipw", "entropy", "aipw"] = "aipw"
    estimand: Literal["ATT", "ATE"] = "ATT"
    propensity: Literal["estimated", "known"] = "estimated"
    r2_max: float | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="after")
    def _coherent(self) -> Weighting:
        if self.method == "entropy" and self.estimand == "ATE":
            raise ValueError("entropy balancing gives the ATT; choose ipw or aipw for the ATE")
        if self.propensity == "known" and self.method == "entropy":
            raise ValueError("propensity: known goes with method: ipw or aipw")
        return self

    @property
    def clusters(self) -> tuple[str, ...]:
        """Column of the clusters, if any."""
        return (self.cluster,) if self.cluster else ()


class RegressionDiscontinuity(Declared):
    """The programme went to those on one side of a cutoff of a running variable.

    Without ``bandwidth`` it is chosen by ``selection``. ``take_up`` makes the design fuzzy.
    """

    kind: Literal["regression_discontinuity"]
    running: ColumnName
    cutoff: float
    treated: Literal["at_or_above", "below"] = "at_or_above"
    order: int = Field(default=1, ge=0, le=4)
    kernel: Literal["triangular", "uniform", "epanechnikov"] = "triangular"
    bandwidth: float | None = Field(default=None, gt=0)
    selection: Literal["mserd", "msetwo", "cerrd"] = "mserd"
    local_errors: Literal["nn", "HC0", "HC1", "HC2", "HC3"] = "nn"
    mass_points: Literal["adjust", "off"] = "adjust"
    covariates: tuple[ColumnName, ...] = ()
    take_up: ColumnName | None = None
    cluster: ColumnName | None = None
    report: Literal["robust", "conventional"] = "robust"

    @property
    def clusters(self) -> tuple[str, ...]:
        """Column of the clusters, if any."""
        return (self.cluster,) if self.cluster else ()


class InterruptedTimeSeries(Declared):
    """One series over many waves, with a change of level and slope from ``start`` on.

    The series is the indicator's value at each wave. ``season`` is the number of waves in a cycle (12 for months).
    ``errors`` allow for autocorrelation: an AR(1) model by maximum likelihood, or Newey–West with ``lags``.
    """

    kind: Literal["interrupted_time_series"]
    start: Code
    season: int | None = Field(default=None, ge=2, le=366)
    errors: Literal["classical", "newey_west", "ar1"] = "ar1"
    lags: int | None = Field(default=None, ge=0, le=200)
    small_sample: bool = True
    estimand: Literal["level", "slope", "at_wave"] = "at_wave"


class SyntheticControl(Declared):
    """One treated unit (or several from the same wave) against a weighted mix of untreated ones.

    The series are the indicator's values by ``unit`` and wave. ``solver`` is for synthetic DiD: the exact optimum, or
    the stopping rules of the R package synthdid.

    ``predictors`` replace the outcome's own past in ``method: synthetic_control``. Their ``importance`` is equal, given
    by their weights, or searched for: so that the outcome before the start is fitted best (``nested``), or so that,
    measured in ``training``, they fit the outcome in ``validation`` best (``cross_validated``).
    """

    kind: Literal["synthetic_control"]
    unit: ColumnName
    treated: Code | tuple[Code, ...]
    start: Code
    method: Literal["synthetic_control", "synthetic_did", "did"] = "synthetic_did"
    solver: Literal["exact", "frank_wolfe"] = "exact"
    seed: int = Field(default=1, ge=0)
    draws: int = Field(default=200, ge=50, le=10_000)
    predictors: tuple[Predictor, ...] = ()
    importance: Importance = "equal"
    training: WaveSpan | None = None
    validation: WaveSpan | None = None

    @model_validator(mode="after")
    def _predictors_coherent(self) -> SyntheticControl:
        if self.predictors and self.method != "synthetic_control":
            raise ValueError("predictors go with method: synthetic_control")
        if self.importance != "equal" and not self.predictors:
            raise ValueError(f"importance: {self.importance} needs predictors")
        windows = (self.training is not None, self.validation is not None)
        if windows != (self.importance == "cross_validated",) * 2:
            raise ValueError("training and validation go with importance: cross_validated, which needs both")
        if self.importance != "cross_validated" and any(one.training for one in self.predictors):
            raise ValueError("training of a predictor goes with importance: cross_validated")
        given = [one.weight for one in self.predictors if one.weight is not None]
        if self.importance == "given" and (len(given) < len(self.predictors) or sum(given) == 0):
            raise ValueError("importance: given needs a weight for each predictor, not all of them 0")
        if self.importance != "given" and given:
            raise ValueError("weights of predictors go with importance: given")
        return self

    @property
    def treated_units(self) -> tuple[str, ...]:
        """The codes of the treated units."""
        return (self.treated,) if isinstance(self.treated, str) else self.treated


class Association(_Clustered):
    """How the outcome goes with an exposure, adjusted for covariates: an association, never an effect.

    ``logit`` models a share; ``report`` gives its coefficient or the average marginal effect in shares.
    """

    kind: Literal["association"]
    exposure: ColumnName
    covariates: tuple[ColumnName, ...] = ()
    model: Literal["linear", "logit"] = "linear"
    report: Literal["coefficient", "marginal_effect"] = "coefficient"


class BeforeAfter(Declared):
    """No comparison: reported as a change, never as an effect."""

    kind: Literal["before_after"]


class NetworkChange(Declared):
    """How a measure of a network differs between the baseline and the wave looked at: a change, never an effect.

    The bodies of both waves are drawn again together; turnover of ties and their correlation stand beside.
    """

    kind: Literal["network_change"]
    draws: int = Field(default=1000, ge=100, le=100_000)
    seed: int = Field(default=1, ge=0)


Design = Annotated[
    Randomised
    | DifferenceInDifferences
    | PanelEffects
    | Staggered
    | Matching
    | Weighting
    | RegressionDiscontinuity
    | InterruptedTimeSeries
    | SyntheticControl
    | Association
    | NetworkChange
    | ScaledEffect
    | BeforeAfter,
    Field(discriminator="kind"),
]
ARMS = (Randomised, DifferenceInDifferences, Matching, Weighting)
"""Designs whose arms stand in a column."""


def has_comparison(design: Design | None) -> bool:
    """Tell whether a design can give an effect, or at least an association."""
    return design is not None and not isinstance(design, BeforeAfter)
