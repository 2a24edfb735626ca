"""Forecasts held against what came: each scored, and all of them together; whoever declares none gets no line.

Scores are those of :mod:`impact.statistics.scoring`; ``docs/methods/scored_forecasts.md`` says what they mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from impact.declare.expectations import Forecast
from impact.declare.indicators import Indicator
from impact.errors import NotEstimable
from impact.expect.forecast import predictive
from impact.states import Registration, ValueSection
from impact.statistics.core import CONFIDENCE
from impact.statistics.forecast import Predictive
from impact.statistics.scoring import continuous_pit, coverage, pit_histogram, skill
from impact.tables.finding import Finding
from impact.tables.results import Measure
from impact.value.evidence import Evidence
from impact.value.line import NO_UNIT, SHARE, Line, Subject, attempted, kind_of, names, with_ends
from impact.value.outcomes import is_effect, no_effect
from impact.words.said import Remark, Said

PARTS = 4
"""Of the histogram of where observed values fell: few, as forecasts are."""
SCALED = ("standard deviations", "deviazioni standard")


@dataclass(frozen=True)
class _Forecast:
    """A forecast with what was observed.

    Parameters
    ----------
    finding
        Of the whole programme, with the forecast's ends and scores.
    declared
        As the indicator has it.
    observed, error
        The value or the effect, and its standard error, 0 where it has none; None where nothing was observed.
    before
        The value at the baseline, where it was measured.
    """

    finding: Finding
    declared: Forecast
    observed: float | None
    error: float
    before: Measure | None

    @property
    def is_effect(self) -> bool:
        """Whether it is of the effect, and not of the value."""
        return self.declared.of == "effect"

    @cached_property
    def law(self) -> Predictive:
        """The distribution that was forecast."""
        return predictive(self.declared)

    @property
    def seen(self) -> float:
        """What was observed; of a forecast that can be scored."""
        if self.observed is None:
            raise ValueError("a forecast without outcome was scored")
        return self.observed

    @property
    def crps(self) -> float:
        """Its score, in the unit of the outcome."""
        return self.law.crps(self.seen, self.error)

    @property
    def naive(self) -> Predictive | None:
        """The forecast of no change: normal about the baseline with its error; None where no error is defensible."""
        if self.is_effect or self.before is None or not self.before.std_error or self.finding.baseline is None:
            return None
        # where units are missing the baseline is that of those who answered twice, and the error is not its own
        same = self.before.value is not None and math.isclose(self.before.value, self.finding.baseline, rel_tol=1e-9)
        return Predictive("normal", (self.finding.baseline, self.before.std_error)) if same else None

    @property
    def spread(self) -> float | None:
        """The standard deviation of the outcome at the baseline, as far as its standard error shows it."""
        if self.before is None or not self.before.std_error:
            return None
        return self.before.std_error * math.sqrt(self.before.n)


def forecast_lines(evidence: Evidence) -> Iterator[Line]:
    """Yield the lines of each forecast, then of all; none where nothing that was forecast has been observed."""
    forecasts = [_observed(evidence, indicator) for indicator in evidence.programme.indicators]
    declared = [forecast for forecast in forecasts if forecast is not None]
    scored = [forecast for forecast in declared if forecast.observed is not None]
    if not scored:
        return
    for forecast in declared:
        yield from _of_one(forecast)
    yield from _of_all(scored)


def _observed(evidence: Evidence, indicator: Indicator) -> _Forecast | None:
    """Return an indicator's forecast with what was observed; None without a forecast."""
    declared, baseline = indicator.ex_ante.forecast, indicator.ex_ante.baseline
    if declared is None:
        return None
    finding = evidence.wholes[indicator.id]
    before = evidence.measured(indicator.id, baseline.wave) if baseline and baseline.wave else None
    if declared.of == "effect":
        estimate = finding.estimate if is_effect(finding) else None
        return _Forecast(finding, declared, estimate, finding.std_error or 0.0, before)
    after = evidence.measured(indicator.id, indicator.ex_post.wave or "")
    error = after.std_error if after else None
    return _Forecast(finding, declared, finding.value, error or 0.0, before)


# ---- each ------------------------------------------------------------------------------------------------------------


def _of_one(forecast: _Forecast) -> Iterator[Line]:
    finding = forecast.finding
    subject, rests_on = Subject.of(ValueSection.FORECASTS, finding), names([finding])
    line = Line(subject, "forecast", Said(f"forecasts.of_{forecast.declared.of}"), rests_on=rests_on)
    ended = replace(line, conf_low=finding.forecast_low, conf_high=finding.forecast_high)
    yield replace(ended, value=finding.forecast, difference=forecast.is_effect, method=Said("forecasts.interval"))
    yield _registration(line, finding)
    yield _outcome(line, forecast)
    if forecast.observed is not None:
        yield from _scores(line, forecast)


def _registration(line: Line, finding: Finding) -> Line:
    """Return whether the forecast was registered before its outcome could be known."""
    state, day = Registration(finding.registration), (finding.registered_at or "")[:10]
    reason = (
        Said("forecasts.anybody_could_know") if state == Registration.EXPLORATORY else Said("forecasts.on", day=day)
    )
    verdict = Said(f"forecasts.{state}")
    return replace(line, item="registration", label=Said("forecasts.registration"), verdict=verdict, reason=reason)


def _outcome(line: Line, forecast: _Forecast) -> Line:
    """Return what was observed, or that nothing was, so that the forecast is not scored."""
    finding, of_effect = forecast.finding, forecast.is_effect
    ends = (finding.effect_low, finding.effect_high) if of_effect else (finding.conf_low, finding.conf_high)
    seen = replace(line, item="observed", label=Said("forecasts.observed"), difference=of_effect)
    if forecast.observed is None:
        why = no_effect(finding) if of_effect else Said("findings.no_data")
        return replace(seen, reason=Said("forecasts.not_scored", why=why))
    reason: Remark = "" if ends[0] is not None else Said("forecasts.no_interval.observed")
    return replace(seen, value=forecast.observed, conf_low=ends[0], conf_high=ends[1], reason=reason)


def _scores(line: Line, forecast: _Forecast) -> Iterator[Line]:
    """Yield the scores of a forecast; none has an interval."""
    hit = Said("forecasts.inside" if forecast.finding.forecast_hit else "forecasts.outside")
    method = Said("forecasts.hit_method")
    yield replace(line, item="hit", label=Said("forecasts.hit"), verdict=hit, method=method)
    score = replace(line, reason=Said("forecasts.no_interval.score"))
    scale, unit = line.subject.scale
    crps = replace(score, item="crps", label=Said("forecasts.crps"), unit=unit)
    yield attempted(crps, lambda empty: replace(empty, value=scale * forecast.crps))
    log = replace(score, item="log_score", label=Said("forecasts.log_score"), unit=NO_UNIT)
    yield attempted(log, lambda empty: _log_score(empty, forecast))
    pit = replace(score, item="pit", label=Said("forecasts.pit"), unit=SHARE)
    yield attempted(pit, lambda empty: replace(empty, value=forecast.law.pit(forecast.seen, forecast.error)))


def _log_score(line: Line, forecast: _Forecast) -> Line:
    found = forecast.law.log_score(forecast.seen, forecast.error)
    if not math.isfinite(found):
        return replace(line, reason=Said("forecasts.held_impossible"))
    return replace(line, value=found, method=Said("forecasts.log_method"))


# ---- all of them -----------------------------------------------------------------------------------------------------


def _of_all(scored: Sequence[_Forecast]) -> Iterator[Line]:
    """Yield coverage, mean score, skill, and where observed values fell."""
    findings = [forecast.finding for forecast in scored]
    titles = ("All forecasts", "Tutte le previsioni")
    subject = Subject(ValueSection.FORECASTS, "forecasts", *titles, *NO_UNIT, kind_of(findings))
    line = Line(subject, "coverage", Said("forecasts.coverage"), rests_on=names(findings))
    yield attempted(replace(line, unit=SHARE), lambda empty: _coverage(empty, scored))
    mean = replace(line, item="mean_crps", label=Said("forecasts.mean_crps"))
    yield attempted(mean, lambda empty: _mean(empty, scored))
    gained = replace(line, item="skill", label=Said("forecasts.skill"), unit=SHARE)
    yield attempted(gained, lambda empty: _skill(empty, scored))
    yield from _histogram(line, scored)


def _coverage(line: Line, scored: Sequence[_Forecast]) -> Line:
    found = coverage([bool(forecast.finding.forecast_hit) for forecast in scored], claimed=CONFIDENCE)
    registered = sum(forecast.finding.registration == Registration.REGISTERED for forecast in scored)
    method = Said("forecasts.coverage_method", registered=registered, n=found.n)
    ended = with_ends(line, (found.conf_low, found.conf_high))
    return replace(ended, value=found.share, verdict=found.statement, method=method)


def _mean(line: Line, scored: Sequence[_Forecast]) -> Line:
    """Return the mean score: in the unit of the outcomes, or over their standard deviations where units are several."""
    kept = _with_scale(scored)
    scale, unit = _common_unit(scored)
    total = sum(forecast.crps / size for forecast, size in kept)
    method = Said("forecasts.mean_method" if unit != SCALED else "forecasts.scaled_method", n=len(kept), of=len(scored))
    reason = Said("forecasts.no_interval.mean")
    return replace(line, value=scale * total / len(kept), unit=unit, method=method, reason=reason)


def _common_unit(scored: Sequence[_Forecast]) -> tuple[float, tuple[str, str]]:
    """Return the unit of mean scores, and by what they are multiplied to be in it."""
    if len({forecast.finding.unit for forecast in scored}) > 1:
        return 1.0, SCALED
    return Subject.of(ValueSection.FORECASTS, scored[0].finding).scale


def _with_scale(scored: Sequence[_Forecast]) -> list[tuple[_Forecast, float]]:
    """Return forecasts with that by which scores are divided, 1 in one unit.

    Raises
    ------
    NotEstimable
        If units are several, and no outcome has a standard deviation.
    """
    if _common_unit(scored)[1] != SCALED:
        return [(forecast, 1.0) for forecast in scored]
    kept = [(forecast, forecast.spread) for forecast in scored]
    known = [(forecast, spread) for forecast, spread in kept if spread is not None]
    if not known:
        raise NotEstimable(Said("forecasts.units_without_scale"), Said("forecasts.measured_baselines"))
    return known


def _skill(line: Line, scored: Sequence[_Forecast]) -> Line:
    """Return the skill against no change, of forecasts for which that has a spread."""
    kept = [(forecast, size) for forecast, size in _with_scale(scored) if forecast.naive is not None]
    if not kept:
        raise NotEstimable(Said("forecasts.no_naive"), Said("forecasts.measured_baselines"))
    own = [forecast.crps for forecast, _ in kept]
    others = [law.crps(forecast.seen, forecast.error) for forecast, _ in kept if (law := forecast.naive)]
    found = skill(own, others, scales=[size for _, size in kept])
    method = Said("forecasts.naive_method", n=len(kept), of=len(scored))
    reason = Said("forecasts.no_interval.mean")
    return replace(line, value=found.skill, verdict=found.statement, method=method, reason=reason)


def _histogram(line: Line, scored: Sequence[_Forecast]) -> Iterator[Line]:
    """Yield how many observed values fell in each part of their forecasts."""
    for part in range(PARTS):
        low, high = part / PARTS, (part + 1) / PARTS
        label = Said("forecasts.pit_part", low=low, high=high)
        blank = replace(line, item=f"pit/{part + 1}", label=label, unit=NO_UNIT)
        yield attempted(blank, _counted(scored, part))


def _counted(scored: Sequence[_Forecast], part: int) -> Callable[[Line], Line]:
    """Return what fills in the number of observed values in a part."""

    def count(line: Line) -> Line:
        pits = [forecast.law.pit(forecast.seen, forecast.error) for forecast in scored]
        found = pit_histogram(continuous_pit(pits), bins=PARTS)
        method = Said("forecasts.pit_method", low=found.band_low, high=found.band_high)
        reason = Said("forecasts.no_interval.count")
        return replace(line, value=float(found.counts[part]), method=method, reason=reason)

    return count
