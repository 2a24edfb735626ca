"""The change of a network's measure between two waves, with its uncertainty: a change, never an effect."""

from __future__ import annotations

import numpy as np

from impact.designs.network_change.model import NetworkChange
from impact.errors import NotEstimable
from impact.estimate.case import Case
from impact.estimate.result import Diagnostic, Effect, Term, effect_from
from impact.measure.networks import Observed, both_waves, in_common, network_of, tie_rows
from impact.statistics.core import with_p_value
from impact.statistics.networks import inference
from impact.statistics.networks.network import needs_groups, tie_change
from impact.words.said import Said

SAME_BODIES = Said("network_change.same_bodies_answered_both_waves")


def estimate_network_change(case: Case[NetworkChange]) -> Effect:
    """Estimate how a measure of the network differs between the baseline and the wave looked at."""
    design, formula = case.design, network_of(case.indicator)
    rows = tie_rows(case.connection, case.programme, case.indicator)
    since, wave = case.baseline or "", str(case.indicator.ex_post.wave)
    observed = both_waves(case.indicator, rows, since, wave, case.group)
    before, after = in_common(*observed)
    rng = np.random.default_rng(design.seed)
    estimate = inference.change_bootstrap(
        before.network, after.network, formula.measure, after.groups, draws=design.draws, rng=rng
    )
    p_value = inference.swap_test(
        before.network, after.network, formula.measure, after.groups, draws=design.draws, rng=rng
    )
    return effect_from(
        with_p_value(estimate, max(estimate.p_value, p_value), Said("rule.larger_p_bodies_drawn_pairs_swapped")),
        indicator=case.indicator.id,
        unit=case.unit,
        estimand=Said("estimand.change"),
        design=Said("network_change.change_network", since=since, wave=wave),
        diagnostics=(_same_bodies(before, *observed),),
        terms=(*_turnover(before, after), *_chance(formula.measure, (before, after), design)),
    )


def _same_bodies(common: Observed, before: Observed, after: Observed) -> Diagnostic:
    """Say how many bodies the change leaves out, because they answered in one wave only."""
    everybody = len(before.names.union(after.names)) + max(before.left_out, after.left_out)
    kept = len(common.names)
    detail = Said(
        "network_change.bodies_both_waves_did_not_answer_before",
        kept=kept,
        left_out=before.left_out,
        left_out_2=after.left_out,
    )
    complete = kept == len(before.names) == len(after.names) and before.left_out == after.left_out == 0
    share = kept / everybody if everybody else 0.0
    return Diagnostic(Said("check.same_bodies"), SAME_BODIES, share, None, "passed" if complete else "failed", detail)


def _turnover(before: Observed, after: Observed) -> list[Term]:
    change = tie_change(before.network, after.network)
    counts = {"persistent": change.persistent, "formed": change.formed, "dissolved": change.dissolved}
    terms = [
        Term(Said("family.turnover"), Said(f"network_change.{name}"), float(value)) for name, value in counts.items()
    ]
    if np.isfinite(change.jaccard):
        terms.append(Term(Said("family.turnover"), Said("network_change.jaccard"), change.jaccard))
    return terms


def _chance(measure: str, waves: tuple[Observed, Observed], design: NetworkChange) -> list[Term]:
    """Return what chance alone would give: ties of both waves unrelated, groups that ties do not know of."""
    before, after = waves
    rng, terms = np.random.default_rng(design.seed), []
    try:
        qap = inference.qap_correlation(before.network, after.network, draws=design.draws, rng=rng)
        terms.append(
            Term(
                Said("family.chance"),
                Said("network_change.correlation_waves_qap"),
                qap.correlation,
                p_value=qap.p_value,
            )
        )
    except NotEstimable:
        pass  # a wave without ties, or with all of them, has no correlation
    if not needs_groups(measure):
        return terms
    for when, one in (("before", before), ("after", after)):
        assert one.groups is not None  # noqa: S101 - declared with the measure
        try:
            mixing = inference.mixing_test(one.network, measure, one.groups, draws=design.draws, rng=rng)
        except NotEstimable:
            continue
        detail = Said("network_change.observed", observed=mixing.observed)
        name = Said(f"network_change.mixing_{when}")
        terms.append(Term(Said("family.chance"), name, mixing.expected, p_value=mixing.p_value, detail=detail))
    return terms
