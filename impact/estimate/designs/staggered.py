"""Staggered adoption: units take up the programme at different waves; effects by cohort and time, then averaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from impact.declare.designs import Staggered
from impact.errors import NotEstimable
from impact.estimate.assignment_unit import assignment_unit
from impact.estimate.case import (
    Case,
    as_numbers,
    cluster_names,
    design_rows,
    first_rows,
    require_covariates,
    sample_weights,
)
from impact.estimate.designs.panel import bacon_terms, complete_panel, panel_clusters, panel_relation
from impact.estimate.diagnostics import enough_clusters
from impact.estimate.event_time import event_terms
from impact.estimate.panel import panel_effects
from impact.estimate.pre_trend import pre_trend_check
from impact.estimate.result import Diagnostic, Effect, Term, effect_from, not_applicable, term_from
from impact.sql import ident, literal
from impact.statistics.adoption import NEVER, Panel
from impact.statistics.aggregation import Aggregate, aggregate, multiplier_bootstrap
from impact.statistics.core import Estimate, Floats, Ints, cluster_codes, in_digits
from impact.statistics.honest import honest_bounds
from impact.statistics.imputation import Imputed, imputation, two_stage
from impact.statistics.interacted import Interacted, sun_abraham
from impact.statistics.staggered import GroupTime, group_time_effects

HONEST = "the mean effect stands if trends part after treatment as much as they ever did before"
HONEST_SEED = 1
BAND_DRAWS = 1000
METHODS: dict[str, Literal["dr", "ipw", "reg"]] = {"doubly_robust": "dr", "weighting": "ipw", "regression": "reg"}
WORDS = {
    "callaway_santanna": "Callaway–Sant'Anna",
    "sun_abraham": "Sun–Abraham",
    "imputation": "imputation (Borusyak–Jaravel–Spiess)",
    "two_stage": "two-stage (Gardner)",
    "twfe": "two-way fixed effects",
}


@dataclass(frozen=True)
class _Found:
    """What an estimator gave: the effect, the numbers behind it, its checks, and whose influence it carries."""

    estimate: Estimate
    terms: list[Term]
    checks: list[Diagnostic]


def estimate_staggered(case: Case) -> Effect:
    """Estimate the average effect on those that took up the programme, by the declared estimator."""
    design = case.design
    assert isinstance(design, Staggered)  # noqa: S101 - dispatched by type
    if design.estimator == "twfe":
        found, words = _twfe(case, design), "two-way fixed effects"
        panel, units = adoption_panel(case, design)
    else:
        panel, units = adoption_panel(case, design)
        found = _estimate(case, design, panel)
        words = WORDS[design.estimator]
        if design.estimator == "callaway_santanna":
            words += f", {design.aggregate}, against {design.control.replace('_', ' ')} treated"
            words += f", {design.adjust.replace('_', ' ')}" if design.covariates else ""
        unknown = case.connection.execute(_unknown_cohorts(case, design)).fetchall()[0][0] if design.never else 0
        found = _with_losses(found, panel, len(units), unknown=int(unknown), unbalanced=not words.startswith("Call"))
    method, ahead = METHODS[design.adjust], design.anticipation
    trend, before = pre_trend_check(panel, control=design.control, method=method, anticipation=ahead)
    starts = pd.Series(panel.cohort, index=units)
    whole = assignment_unit(case, starts, found.estimate, lambda _: None)
    return effect_from(
        found.estimate,
        indicator=case.indicator.id,
        unit=case.unit,
        estimand="ATT",
        design=f"staggered adoption, {words}",
        diagnostics=(trend, *found.checks, enough_clusters(found.estimate.n_clusters), *whole),
        terms=(*found.terms, *before),
    )


def adoption_panel(case: Case, design: Staggered) -> tuple[Panel, list[str]]:
    """Return the units' outcomes by wave with the wave they were first treated, and the units.

    Raises
    ------
    NotEstimable
        If a unit has two cohorts, or a cohort is no declared wave.
    """
    rows = _until_end_line(case, design_rows(case))
    if design.never:  # a blank cohort is then unknown, not untreated
        rows = rows[rows[design.cohort].notna()]
    labels = rows[design.cohort]
    start = labels.where(~labels.isin(design.never)).map(_positions(case, labels, design), na_action="ignore")
    rows = rows.assign(_start=start.fillna(NEVER).astype(int))
    if (rows.groupby("_unit")["_start"].nunique() > 1).any():
        raise NotEstimable("some units have two waves of first treatment", "one cohort for each unit")
    outcome = rows.pivot(index="_unit", columns="_wave", values="_outcome").reindex(columns=_observed(case, rows))
    first = first_rows(case, rows).reindex(outcome.index)
    waves = [str(wave) for wave in outcome.columns]
    # a start after the last observed wave has not happened yet; one between waves begins at the next
    begun = [_next(case, waves, int(position)) for position in first["_start"]]
    require_covariates(first[list(design.covariates)])
    covariates = as_numbers(first[list(design.covariates)])
    weights = sample_weights(case, first)
    panel = Panel(
        outcome.to_numpy(dtype=float),
        np.array(begun, dtype=np.int64),
        covariates.to_numpy(dtype=float) if design.covariates else None,
        weights,
        _clusters(case, first),
        tuple(waves),
        tuple(map(str, covariates.columns)),
    )
    return panel, [str(unit) for unit in outcome.index]


def _until_end_line(case: Case, rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the waves up to the end line; refuse if a wave in between was not collected, for event times count waves."""
    place = {wave: number for number, wave in enumerate(case.waves)}
    rows = rows[rows["_wave"].map(place) <= place[str(case.indicator.ex_post.wave)]]
    seen = sorted({place[wave] for wave in rows.loc[rows["_outcome"].notna(), "_wave"]})
    lost = sorted(set(range(seen[0], seen[-1] + 1)) - set(seen)) if seen else []
    if lost:
        names = ", ".join(case.waves[number] for number in lost[:5])
        raise NotEstimable(f"nobody has an outcome at {names}", "declared waves that were collected, without gaps")
    return rows


def _positions(case: Case, labels: pd.Series, design: Staggered) -> dict[str, int]:
    known = {wave: place for place, wave in enumerate(case.waves)}
    strange = sorted(set(labels.dropna()) - set(known) - set(design.never))
    if strange:
        raise NotEstimable(
            f"{design.cohort} holds {', '.join(strange[:5])}, which are no waves of the programme",
            "the wave of first treatment for each unit, and under never: the codes of those never treated",
        )
    return known


def _observed(case: Case, rows: pd.DataFrame) -> list[str]:
    present = set(rows["_wave"])
    return [wave for wave in case.waves if wave in present]


def _next(case: Case, waves: list[str], start: int) -> int:
    if start == NEVER:
        return NEVER
    later = [place for place, wave in enumerate(waves) if case.waves.index(wave) >= start]
    return later[0] if later else NEVER


def _clusters(case: Case, first: pd.DataFrame) -> Ints | None:
    names = cluster_names(case)
    if not names:
        return None
    if len(names) > 1:
        raise NotEstimable("staggered adoption takes one set of clusters", "cluster: one column")
    labels = first[names[0]]
    if labels.isna().any():
        raise NotEstimable(f"{int(labels.isna().sum())} units have no {names[0]}", "a cluster for every unit")
    return cluster_codes(labels.to_numpy(dtype=object).astype(str))[0]


def _estimate(case: Case, design: Staggered, panel: Panel) -> _Found:
    if design.estimator == "callaway_santanna":
        return _callaway_santanna(case, design, panel)
    if design.covariates:
        raise NotEstimable(f"{WORDS[design.estimator]} takes no covariates here", "estimator: callaway_santanna")
    if design.estimator == "sun_abraham":
        interacted = sun_abraham(panel)
        found = list(interacted.terms)
        honest, bounds = _honest_from([time for time, _ in found], [estimate for _, estimate in found])
        return _Found(interacted.overall, [*_event_terms(interacted), *bounds], [honest])
    fitted = imputation(panel) if design.estimator == "imputation" else two_stage(panel)
    return _Found(fitted.overall, _event_terms(fitted), [])


def _event_terms(fitted: Interacted | Imputed) -> list[Term]:
    return [term_from("event_time", f"{time:+d}", estimate) for time, estimate in fitted.terms]


def _callaway_santanna(case: Case, design: Staggered, panel: Panel) -> _Found:
    cells = group_time_effects(
        panel, control=design.control, method=METHODS[design.adjust], anticipation=design.anticipation
    )
    kinds: tuple[Literal["simple", "group", "dynamic", "calendar"], ...] = ("simple", "group", "dynamic", "calendar")
    averages = {kind: aggregate(cells, kind) for kind in kinds}
    terms = [term_from("aggregate", kind, average.overall) for kind, average in averages.items()]
    for kind in ("dynamic", "group", "calendar"):
        terms += _average_terms(panel, kind, averages[kind])
    terms += _cell_terms(panel, cells)
    overall = averages[design.aggregate].overall
    if not design.sensitivity:
        return _Found(overall, terms, [])
    honest, bounds = _universal(panel, design)
    return _Found(overall, [*terms, *bounds], [honest])


def _universal(panel: Panel, design: Staggered) -> tuple[Diagnostic, list[Term]]:
    """Bound the effects on a common base, the last wave before treatment, as the bounds need."""
    try:
        cells = group_time_effects(
            panel, control=design.control, method=METHODS[design.adjust], anticipation=0, base="universal"
        )
        found = [(time, estimate) for time, estimate in aggregate(cells, "dynamic").terms if time != -1]
    except NotEstimable as error:
        return not_applicable("honest_bounds", HONEST, error.reason), []
    return _honest_from([time for time, _ in found], [estimate for _, estimate in found])


def _honest_from(times: list[int], estimates: list[Estimate]) -> tuple[Diagnostic, list[Term]]:
    """Bound effects whose influences are known: their covariance is the influences' cross product."""
    influences = [estimate.influence for estimate in estimates if estimate.influence is not None]
    if not times or len(influences) < len(times):
        return not_applicable("honest_bounds", HONEST, "the effects' covariance is not known"), []
    together = np.column_stack(influences)
    scale = np.array([estimate.std_error for estimate in estimates]) / np.sqrt((together**2).sum(axis=0))
    covariance = (together.T @ together) * np.outer(scale, scale)
    return _honest(times, np.array([estimate.estimate for estimate in estimates]), covariance)


def _average_terms(panel: Panel, kind: str, average: Aggregate) -> list[Term]:
    if kind == "dynamic":
        bands = _uniform(panel, [estimate for _, estimate in average.terms])
        return [
            term_from("event_time", f"{time:+d}", estimate, band)
            for (time, estimate), band in zip(average.terms, bands, strict=True)
        ]
    return [term_from(kind, panel.name(place), estimate) for place, estimate in average.terms]


def _uniform(panel: Panel, estimates: list[Estimate]) -> list[str]:
    """Return in words the band that covers all event times at once, by the multiplier bootstrap."""
    influences = [estimate.influence for estimate in estimates if estimate.influence is not None]
    try:
        bands = multiplier_bootstrap(
            np.column_stack(influences), BAND_DRAWS, np.random.default_rng(HONEST_SEED), panel.clusters
        )
    except NotEstimable:
        return [""] * len(estimates)
    low, high = bands.uniform(np.array([estimate.estimate for estimate in estimates]))
    return [f"uniform band {in_digits(a)} to {in_digits(b)}" for a, b in zip(low, high, strict=True)]


def _cell_terms(panel: Panel, cells: GroupTime) -> list[Term]:
    return [
        term_from("group_time", f"cohort {panel.name(int(cohort))} in {panel.name(int(period))}", estimate)
        for cohort, period, estimate in zip(cells.cohorts, cells.periods, cells.estimates, strict=True)
    ]


def _unknown_cohorts(case: Case, design: Staggered) -> str:
    person, cohort = ident(case.contract.person or ""), ident(design.cohort)
    return f"SELECT count(DISTINCT {person}) FROM {ident(case.programme.id, case.contract.id)} WHERE {cohort} IS NULL"


def _with_losses(found: _Found, panel: Panel, n_units: int, *, unknown: int, unbalanced: bool) -> _Found:
    """State the units that carry nothing; estimators for unbalanced panels use those with gaps."""
    gaps = int(np.isnan(panel.outcome).any(axis=1).sum())
    always = int((panel.cohort == 0).sum())
    lost = always + unknown + (0 if unbalanced else gaps)
    detail = f"{n_units} units; {gaps} not seen at every wave{', used where seen' if unbalanced and gaps else ''};"
    detail += f" {always} treated from the first wave on" + (f"; {unknown} of unknown cohort" if unknown else "")
    null = "no unit was left out for a missing value or for being treated throughout"
    check = Diagnostic("complete_cases", null, float(lost), None, "passed" if lost == 0 else "failed", detail)
    return _Found(found.estimate, found.terms, [*found.checks, check])


def _twfe(case: Case, design: Staggered) -> _Found:
    """Fit two-way fixed effects, warn, and show the comparisons behind the coefficient."""
    rows = panel_relation(case, [design.cohort])
    codes = case.connection.execute(
        f"SELECT DISTINCT CAST({ident(design.cohort)} AS VARCHAR) AS code FROM ({rows})"
    ).df()
    _positions(case, codes["code"], design)
    several = f"SELECT _unit FROM ({rows}) GROUP BY _unit HAVING count(DISTINCT {ident(design.cohort)}) > 1"
    if case.connection.execute(f"SELECT count(*) FROM ({several})").fetchall()[0][0]:
        raise NotEstimable("some units have two waves of first treatment", "one cohort for each unit")
    never = ", ".join(literal(code) for code in design.never) or "NULL"
    places = " ".join(f"WHEN {literal(wave)} THEN {place}" for place, wave in enumerate(case.waves))
    cohort = f"CASE WHEN CAST({ident(design.cohort)} AS VARCHAR) IN ({never}) THEN NULL ELSE"
    cohort += f" CASE CAST({ident(design.cohort)} AS VARCHAR) {places} END END"
    known = f" WHERE {ident(design.cohort)} IS NOT NULL" if design.never else ""
    relation = f"SELECT *, coalesce(_period >= {cohort}, false)::INTEGER AS _treatment FROM ({rows}){known}"
    fit = panel_effects(
        case.connection,
        relation,
        terms=["_treatment"],
        clusters=panel_clusters(cluster_names(case), design.inference.errors),
        small_sample=design.inference.small_sample,
    )
    null = "all units that take up the programme do so at the same wave"
    ((starts,),) = case.connection.execute(f"SELECT count(DISTINCT {cohort}) FROM ({rows})").fetchall()
    detail = f"{starts} starts: the coefficient also compares late with early starters; see goodman_bacon"
    status = "passed" if starts <= 1 else "failed"
    check = Diagnostic("staggered_adoption", null, float(starts), None, status, detail if starts > 1 else "one start")
    honest, terms = _event_study(case, design, f"SELECT *, {cohort} AS _start FROM ({relation})")
    terms += bacon_terms(case, relation, "_treatment")
    return _Found(fit.estimates[0], terms, [check, honest, complete_panel(fit)])


def _event_study(case: Case, design: Staggered, relation: str) -> tuple[Diagnostic, list[Term]]:
    """Fit one dummy per event time, and bound what trends that part would allow."""
    try:
        events = event_terms(case.connection, relation)
        fit = panel_effects(
            case.connection,
            events.relation,
            terms=events.terms,
            clusters=panel_clusters(cluster_names(case), design.inference.errors),
            small_sample=design.inference.small_sample,
        )
    except NotEstimable as error:
        return not_applicable("honest_bounds", HONEST, error.reason), []
    times = [int(name.rpartition("_")[2]) * (-1 if "minus" in name else 1) for name in events.terms]
    terms = [term_from("event_time", f"{e:+d}", found) for e, found in zip(times, fit.estimates, strict=True)]
    estimates = np.array([found.estimate for found in fit.estimates])
    honest, bounds = _honest(times, estimates, fit.errors.covariance)
    return honest, [*terms, *bounds]


def _honest(times: list[int], estimates: Floats, covariance: Floats) -> tuple[Diagnostic, list[Term]]:
    """Bound the mean effect after treatment if trends may part by m times what they did before (Rambachan–Roth)."""
    order = np.argsort(times)
    ordered = [times[int(place)] for place in order]
    n_pre = sum(time < -1 for time in ordered)
    window = [time for time in range(ordered[0], ordered[-1] + 1) if time != -1]
    if ordered != window:
        return not_applicable("honest_bounds", HONEST, "event times are not consecutive up to −1"), []
    try:
        found = honest_bounds(
            estimates[order], covariance[np.ix_(order, order)], n_pre, rng=np.random.default_rng(HONEST_SEED)
        )
    except NotEstimable as error:
        return not_applicable("honest_bounds", HONEST, error.reason), []
    terms = [
        Term("honest_bounds", f"m = {m:g}", found.estimate, conf_low=low, conf_high=high)
        for m, low, high in ((0.0, *found.parallel), *found.table)
    ]
    detail = "largest m at which the interval of the mean effect leaves zero out"
    passed = "passed" if found.breakdown >= 1 else "failed"
    return Diagnostic("honest_bounds", HONEST, found.breakdown, None, passed, detail), terms
