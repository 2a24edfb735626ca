"""Studies pooled: a mean of independent estimates with their errors, and where the effect of a new study lies.

What spreads between studies comes from :mod:`impact.statistics.meta.between`; the predictive distribution is that of
:mod:`impact.statistics.forecast`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from impact.errors import NotEstimable
from impact.statistics.core import CONFIDENCE, RESIDUE, Estimate, Floats, t_quantile, wald
from impact.statistics.forecast import Predictive
from impact.statistics.meta.between import Heterogeneity, Method, Studies, checked, heterogeneity, studies
from impact.words.said import Said

Interval = Literal["z", "hksj", "adhoc"]
"""Normal; Hartung–Knapp–Sidik–Jonkman with t(k − 1); the same with a factor that is not below one."""
INTERVALS: tuple[Interval, ...] = get_args(Interval)
Version = Literal["z", "t(k-1)", "t(k-2)", "tau"]
"""Of a prediction interval: the quantile; ``tau`` leaves out the error of the mean."""
VERSIONS: tuple[Version, ...] = get_args(Version)


@dataclass(frozen=True)
class Prediction:
    """Where the true effect of a new study of the same kind lies.

    Parameters
    ----------
    version, rule
        What was asked for; the same in words, with the error of the mean that it stands on.
    mean, scale, df
        Centre, ``√(τ² + se²)`` (``τ`` with version ``tau``), and degrees of freedom; ``inf`` for the normal.
    low, high
        Ends of the central 95 % interval, in the unit of the effects.
    """

    version: Version
    rule: Said
    mean: float
    scale: float
    df: float
    low: float
    high: float

    @property
    def distribution(self) -> Predictive:
        """The whole distribution; refused where it has no width (version ``tau`` with τ² = 0)."""
        if math.isinf(self.df):
            return Predictive("normal", (self.mean, self.scale))
        return Predictive("t", (self.mean, self.scale, self.df))


@dataclass(frozen=True)
class Pooled:
    """A meta-analysis of independent studies.

    Parameters
    ----------
    effect
        Mean effect over studies, with error and interval; its rule names the estimator of τ² and the kind of interval.
    spread
        Variance of true effects between studies, its share, Cochran's Q.
    interval, factor
        Kind of interval; ``Σ w (y − ȳ)² / (k − 1)`` without guard, what Hartung and Knapp multiply the variance with.
    k
        Studies.
    """

    effect: Estimate
    spread: Heterogeneity
    interval: Interval
    factor: float
    k: int

    @property
    def tau2(self) -> float:
        """Variance of true effects between studies."""
        return self.spread.tau2

    @property
    def i2(self) -> float:
        """Share of it in all variance; see :class:`~impact.statistics.meta.between.Heterogeneity`."""
        return self.spread.i2

    @property
    def prediction(self) -> Predictive:
        """Distribution of the true effect of a new study, ``t(k-1)`` with HKSJ, else ``t(k-2)``; of three or more.

        Two studies would give a t with one degree of freedom at best, which has no mean.
        """
        if self.k < 3:
            raise NotEstimable(Said("meta.two_studies_show_no_spread"), Said("meta.studies", fewest=3))
        version: Version = "t(k-2)" if self.interval == "z" else "t(k-1)"
        return self.predict(version).distribution

    def predict(self, version: Version = "t(k-1)") -> Prediction:
        """Return the prediction interval of a version: ``mean ± quantile · √(τ² + se²)``.

        Notes
        -----
        ``z`` is the default of R's metafor; ``t(k-1)`` with HKSJ is its version for Hartung and Knapp (IntHout et al.
        2016, https://doi.org/10.1136/bmjopen-2015-010247); ``t(k-2)`` with ``z`` is that of Higgins, Thompson &
        Spiegelhalter (2009, https://doi.org/10.1111/j.1467-985X.2008.00552.x); ``tau`` is ``mean ± 1.96 τ`` of older
        texts, too short, and without any width where τ² is zero. The error is the one of ``effect``.

        Raises
        ------
        NotEstimable
            If no degree of freedom is left, or there is no version of that name.

        Examples
        --------
        >>> pooled = pool(np.array([0.2, 0.4, 0.6]), np.array([0.1, 0.1, 0.1]), interval="z")
        >>> found = pooled.predict("t(k-2)")
        >>> round(found.low, 1), round(found.high, 1), str(found.rule)
        (-2.2, 3.0, 'prediction, REML, t(1)')
        """
        if version not in VERSIONS:
            raise NotEstimable(Said("meta.no_version_called", version=version), Said("meta.one_of", names=VERSIONS))
        lost = {"t(k-1)": 1, "t(k-2)": 2}.get(version)
        df = math.inf if lost is None else float(self.k - lost)
        if df <= 0:
            raise NotEstimable(
                Said("meta.no_degrees_for_prediction", version=version, k=self.k), Said("meta.studies", fewest=3)
            )
        return self._prediction(version, df)

    def _prediction(self, version: Version, df: float) -> Prediction:
        """Return the prediction of a version that has degrees of freedom."""
        mean, between = self.effect.estimate, math.sqrt(self.tau2)
        scale = between if version == "tau" else math.hypot(between, self.effect.std_error)
        half = t_quantile(0.5 + CONFIDENCE / 2, df) * scale
        rule = Said("meta.prediction", rule=self.effect.rule)
        if version == "tau":
            rule = Said("meta.without_error_of_mean", rule=rule)
        named = Said("rule.normal", rule=rule) if math.isinf(df) else Said("rule.student", rule=rule, df=df)
        return Prediction(version, named, mean, scale, df, mean - half, mean + half)


def pool(estimates: Floats, std_errors: Floats, *, method: Method = "REML", interval: Interval = "adhoc") -> Pooled:
    """Pool independent studies' estimates, shape (k,), with their standard errors, by a random-effects model.

    Parameters
    ----------
    estimates, std_errors
        In the unit of the effects.
    method
        Estimator of τ², see :func:`~impact.statistics.meta.between.tau2_by`; ``FE`` for one common effect.
    interval
        ``z``; ``hksj``; ``adhoc``: HKSJ with its factor not below one, as R's metafor calls it.

    Notes
    -----
    Weights ``1 / (se² + τ²)``. HKSJ multiplies the variance of the mean by ``Σ w (y − ȳ)² / (k − 1)`` and refers to
    t(k − 1) (Knapp & Hartung 2003, https://doi.org/10.1002/sim.1482). With ``adhoc`` that factor is not below one:
    agreement by chance makes a mean no more certain than the studies' own errors allow. With ``z`` τ² counts as known:
    20 studies cover about 93 %, fewer less. With ``PM`` and τ² above zero the factor is one.

    Raises
    ------
    NotEstimable
        With fewer than two studies, an error that is not positive, or ``hksj`` of effects that are all the same.

    Examples
    --------
    >>> pooled = pool(np.array([0.2, 0.4, 0.6]), np.array([0.1, 0.1, 0.1]), method="DL")
    >>> round(pooled.effect.estimate, 3), round(pooled.tau2, 3), round(pooled.i2, 2)
    (0.4, 0.03, 0.75)
    """
    sample = studies(estimates, std_errors)
    spread = heterogeneity(sample, method)
    # w = 1/(s² + τ²); the mean is Σwy/Σw with variance 1/Σw (DerSimonian and Laird)
    weights = 1 / (sample.variance + spread.tau2)
    shares = weights / weights.sum()
    mean = float(shares @ sample.y)
    factor = float(weights @ (sample.y - mean) ** 2 / sample.df)
    scale = hksj_scale(factor, sample, interval)
    error = scale / math.sqrt(float(weights.sum()))
    effect = wald(
        mean,
        error,
        rule=interval_rule(method, interval),
        n_obs=sample.k,
        df=math.inf if interval == "z" else float(sample.df),
        influence=shares * (sample.y - mean),
    )
    return Pooled(effect, spread, interval, factor, sample.k)


def common_effect(estimates: Floats, std_errors: Floats) -> Estimate:
    """Return the mean weighted by ``1/se²``, with a normal interval; of one study, that study's effect.

    Raises
    ------
    NotEstimable
        Without a study, or with an error that is not positive.

    Notes
    -----
    ``Σwy/Σw`` with variance ``1/Σw``. One study shows nothing of the spread between studies: no τ², no prediction.

    Examples
    --------
    >>> found = common_effect(np.array([-0.9]), np.array([0.2]))
    >>> found.estimate, round(found.std_error, 3)
    (-0.9, 0.2)
    """
    y, variance = checked(estimates, std_errors, fewest=1)
    weights = 1 / variance
    total = float(weights.sum())
    mean = float(weights @ y) / total
    influence = weights * (y - mean) / total
    return wald(mean, 1 / math.sqrt(total), rule=Said("rule.named", name="FE"), n_obs=y.size, influence=influence)


def hksj_scale(factor: float, sample: Studies, interval: Interval) -> float:
    """Return what the error is multiplied with: one, or the root of the factor of Hartung and Knapp, guarded or not.

    Raises
    ------
    NotEstimable
        If there is no interval of that name, or the studies agree so exactly that their error would be zero.

    Examples
    --------
    >>> sample = studies(np.array([0.2, 0.4]), np.array([0.1, 0.1]))
    >>> [hksj_scale(0.25, sample, interval) for interval in INTERVALS]
    [1.0, 0.5, 1.0]
    """
    if interval not in INTERVALS:
        raise NotEstimable(Said("meta.no_interval_called", interval=interval), Said("meta.one_of", names=INTERVALS))
    if interval == "z":
        return 1.0
    if interval == "adhoc":
        return math.sqrt(max(1.0, factor))
    size = np.abs(sample.y).max()
    if np.all(np.abs(sample.residuals) <= RESIDUE * size):
        raise NotEstimable(Said("meta.effects_all_the_same"), Said("meta.guarded_interval"))
    return math.sqrt(factor)


def interval_rule(method: Method, interval: Interval) -> Said:
    """Return the estimator of τ² and the kind of interval in words.

    Examples
    --------
    >>> [str(interval_rule("DL", interval)) for interval in INTERVALS]
    ['DL', 'DL, HKSJ', 'DL, HKSJ guarded']
    """
    rule = Said("rule.named", name=method)
    if interval == "z":
        return rule
    return Said("rule.hksj", rule=rule) if interval == "hksj" else Said("meta.hksj_guarded", rule=rule)
