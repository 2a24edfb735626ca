"""Many outcomes, one programme: p-values adjusted over the families that the plan declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from impact.declare import Programme
from impact.declare.evaluation import Family
from impact.errors import NotEstimable
from impact.estimate import Effect
from impact.judge.evidence import strictest_p
from impact.judge.findings import Judged
from impact.states import CLEAR_OF_ZERO, ContributionState
from impact.statistics.core import Floats
from impact.statistics.multiplicity import Method, adjust, multiplier_draws, romano_wolf
from impact.words.said import Said, joined

LEVEL = 0.05
METHODS: dict[str, Method] = {
    "holm": "holm",
    "hochberg": "hochberg",
    "hommel": "hommel",
    "bonferroni": "bonferroni",
    "benjamini_hochberg": "BH",
    "benjamini_yekutieli": "BY",
}


def adjust_families(programme: Programme, findings: Sequence[Judged]) -> list[Judged]:
    """Return the findings with p-values adjusted over their family; an effect lost by that is no clear effect.

    Parameters
    ----------
    programme
        The programme; its ``evaluation.yaml`` declares the families and how each is adjusted.
    findings
        All findings of the families' indicators; only those of the whole programme are adjusted.
    """
    index_of = {judged.finding.finding: index for index, judged in enumerate(findings)}
    contract_of = {indicator.id: indicator.contract for indicator in programme.indicators}
    adjusted = list(findings)
    for family in programme.evaluation.families:
        names = (f"{programme.id}/{indicator}" for indicator in family.indicators)
        members = [index_of[name] for name in names if name in index_of]
        tested = [(index, effect) for index in members if (effect := findings[index].effect) is not None]
        if not tested:
            continue
        effects = [effect for _, effect in tested]
        contracts = {contract_of[effect.term] for effect in effects}
        p_values, method = _adjusted(family, effects, several=len(contracts) > 1)
        adjustment = Said("adjustment.of_outcomes", method=method, n=len(tested))
        for (index, _), p_value in zip(tested, p_values, strict=True):
            adjusted[index] = _with_family(findings[index], family, float(p_value), adjustment)
    return adjusted


def _adjusted(family: Family, effects: list[Effect], *, several: bool) -> tuple[Floats, Said]:
    """Return the adjusted p-values and how; by Romano and Wolf only where one contract gives influences for all."""
    p_values = np.array([strictest_p(effect) for effect in effects], dtype=np.float64)
    if family.method != "romano_wolf":
        return adjust(p_values, METHODS[family.method]), Said(f"adjustment.{family.method}")
    influences = [effect.influence for effect in effects if effect.influence is not None]
    references = {influence.name for influence in influences}
    if len(influences) < len(effects) or len(references) > 1 or several:
        return adjust(p_values, "holm"), Said("adjustment.no_common_influence")
    return _stepped_down(family, effects, influences, p_values)


def _stepped_down(
    family: Family, effects: list[Effect], influences: list[pd.Series], p_values: Floats
) -> tuple[Floats, Said]:
    """Adjust by Romano and Wolf's stepdown over joint draws; never below the p-value itself."""
    joint = pd.concat(influences, axis=1, join="outer").fillna(0.0).to_numpy(dtype=float)
    statistics = np.array([effect.statistic for effect in effects], dtype=np.float64)
    rng = np.random.default_rng(family.seed)
    try:
        drawn = multiplier_draws(joint, rng=rng, draws=family.draws)
    except NotEstimable as error:
        return adjust(p_values, "holm"), Said("adjustment.romano_wolf_refused", reason=error.reason)
    adjusted = np.maximum(romano_wolf(statistics, drawn), p_values)
    return adjusted, Said("adjustment.romano_wolf", draws=family.draws)


def _with_family(judged: Judged, family: Family, p_value: float, adjustment: Said) -> Judged:
    finding = replace(judged.finding, family=family.id, p_adjusted=p_value, adjustment=adjustment)
    if p_value >= LEVEL and finding.contribution in CLEAR_OF_ZERO:
        lost = Said("evidence.not_in_family", family=family.id, adjustment=adjustment)
        why = joined(finding.evidence_reason, lost)
        finding = replace(finding, contribution=ContributionState.NO_CLEAR_EFFECT, evidence_reason=why)
    return replace(judged, finding=finding)
