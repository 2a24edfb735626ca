"""The change of a network's measure between two waves, with its uncertainty: a change, never an effect."""

from __future__ import annotations

import numpy as np

from impact.designs.network_change.model import NetworkChange
from impact.errors import NotEstimable
from impact.estimate.case import Case
from impact.estimate.result import Diagnostic, Effect, Term, effect_from, verdict
from impact.measure.networks import Observed, both_waves, in_common, network_of, tie_rows
from impact.statistics.core import with_p_value
from impact.statistics.networks import inference
from impact.statistics.networks.network import needs_groups, tie_change
from impact.words.said import Said

SAME_BODIES = Said("network_change.same_bodies_answered_both_waves")


def estimate_network_change(case: Case[NetworkChange]) -> Effect:
    """Estimate how a measure of the network differs between the baseline and the wave looked at."""
    design = case.design
    measure = network_of(case.indicator).measure
    rows = tie_rows(case.connection, case.programme, case.indicator)
    since, wave = case.baseline or "", str(case.indicator.ex_post.wave)
    observed = both_waves(case.indicator, rows, since, wave, case.group)
    start, end = in_common(*observed)
    rng = np.random.default_rng(design.seed)
    estimate = inference.change_bootstrap(start.network, end.network, measure, end.groups, draws=design.draws, rng=rng)
    swapped = inference.swap_test(start.network, end.network, measure, end.groups, draws=design.draws, rng=rng)
    p_value = max(estimate.p_value, swapped)
    terms = [*_turnover(start, end), *_chance(measure, (start, end), design)]
    return effect_from(
        with_p_value(estimate, p_value, Said("rule.larger_p_bodies_drawn_pairs_swapped")),
        indicator=case.indicator.id,
        unit=case.unit,
        estimand=Said("estimand.change"),
        design=Said("network_change.change_network", since=since, wave=wave),
        diagnostics=(_same_bodies(start, *observed),),
        terms=tuple(terms),
    )


def _same_bodies(common: Observed, start: Observed, end: Observed) -> Diagnostic:
    """Say how many bodies the change leaves out, because they answered in one wave only."""
    n_common = len(common.names)
    everybody = len(start.names.union(end.names)) + max(start.left_out, end.left_out)
    detail = Said(
        "network_change.bodies_both_waves_did_not_answer_before",
        kept=n_common,
        left_out=start.left_out,
        left_out_2=end.left_out,
    )
    all_answered = start.left_out == end.left_out == 0
    complete = all_answered and n_common == len(start.names) == len(end.names)
    share = n_common / everybody if everybody else 0.0
    return verdict(Said("check.same_bodies"), SAME_BODIES, share, detail, passed=complete)


def _turnover(start: Observed, end: Observed) -> list[Term]:
    family = Said("family.turnover")
    change = tie_change(start.network, end.network)
    counts = {"persistent": change.persistent, "formed": change.formed, "dissolved": change.dissolved}
    terms = [Term(family, Said(f"network_change.{name}"), float(count)) for name, count in counts.items()]
    if np.isfinite(change.jaccard):
        terms.append(Term(family, Said("network_change.jaccard"), change.jaccard))
    return terms


def _chance(measure: str, waves: tuple[Observed, Observed], design: NetworkChange) -> list[Term]:
    """Return what chance alone would give: ties of both waves unrelated, groups that ties do not know of."""
    family = Said("family.chance")
    start, end = waves
    rng = np.random.default_rng(design.seed)
    terms = []
    try:
        qap = inference.qap_correlation(start.network, end.network, draws=design.draws, rng=rng)
        name = Said("network_change.correlation_waves_qap")
        terms.append(Term(family, name, qap.correlation, p_value=qap.p_value))
    except NotEstimable:
        pass  # a wave without ties, or with all of them, has no correlation
    if not needs_groups(measure):
        return terms
    for when, wave in (("before", start), ("after", end)):
        assert wave.groups is not None  # noqa: S101 - declared with the measure
        try:
            mixing = inference.mixing_test(wave.network, measure, wave.groups, draws=design.draws, rng=rng)
        except NotEstimable:
            continue
        detail = Said("network_change.observed", observed=mixing.observed)
        name = Said(f"network_change.mixing_{when}")
        terms.append(Term(family, name, mixing.expected, p_value=mixing.p_value, detail=detail))
    return terms
