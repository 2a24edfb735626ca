"""The rule of the verdict: which findings, what each comes to, what would change it; all of it by hand."""

from __future__ import annotations

import pytest

from impact.states import (
    AttainmentState,
    ContributionState,
    EffectVerdict,
    PromiseVerdict,
    Registration,
)
from impact.tables.finding import Finding
from impact.value.verdict import LINKS, MOST, deciding, effect_verdict, finding_needs, promise_verdict, verdict
from impact.words.said import Said
from impact.words.sentences import written
from tests.support.findings import finding, with_effect


def needs(found: Finding, *failed: Said | str) -> list[str]:
    return [need.name for need in finding_needs(found, failed)]


@pytest.mark.parametrize(
    ("state", "target", "found"),
    [
        (AttainmentState.REACHED, 4.0, PromiseVerdict.KEPT),
        (AttainmentState.SHORT, 4.0, PromiseVerdict.BROKEN),
        (AttainmentState.WRONG_WAY, 4.0, PromiseVerdict.BROKEN),
        (AttainmentState.UNCERTAIN, 4.0, PromiseVerdict.UNDECIDED),
        (AttainmentState.INCOMPLETE, 4.0, PromiseVerdict.UNDECIDED),
        (AttainmentState.CONTRADICTORY, 4.0, PromiseVerdict.UNDECIDED),
        (AttainmentState.OUT_OF_RANGE, 4.0, PromiseVerdict.UNDECIDED),
        (AttainmentState.NO_DATA, 4.0, PromiseVerdict.UNDECIDED),
        (AttainmentState.NOT_DUE, 4.0, PromiseVerdict.WAITING),
        (AttainmentState.NO_TARGET, None, PromiseVerdict.NONE),
        (AttainmentState.NO_DATA, None, PromiseVerdict.NONE),
        (AttainmentState.SUPPRESSED, 4.0, PromiseVerdict.HIDDEN),
        (AttainmentState.SUPPRESSED, None, PromiseVerdict.HIDDEN),
    ],
)
def test_a_promise_by_its_state(state: AttainmentState, target: float | None, found: PromiseVerdict) -> None:
    assert promise_verdict(finding(attainment=state, target=target)) is found


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"contribution": ContributionState.IMPROVED, "evidence_level": 3}, EffectVerdict.CAUSED),
        ({"contribution": ContributionState.IMPROVED, "evidence_level": 2}, EffectVerdict.INDICATED),
        ({"contribution": ContributionState.WORSENED, "evidence_level": 1}, EffectVerdict.HARM),
        ({"contribution": ContributionState.CHANGED, "evidence_level": 5}, EffectVerdict.CHANGED),
        ({"contribution": ContributionState.NO_CLEAR_EFFECT, "evidence_level": 5}, EffectVerdict.NOT_SHOWN),
        ({"contribution": ContributionState.NOT_ESTIMABLE}, EffectVerdict.NO_COMPARISON),
        ({"contribution": ContributionState.ASSOCIATED}, EffectVerdict.NO_COMPARISON),
        ({"contribution": ContributionState.MOVED}, EffectVerdict.NO_COMPARISON),
        # a change whose interval holds zero is still no effect
        ({"contribution": "no_clear_effect", "estimand": Said("estimand.change")}, EffectVerdict.NO_COMPARISON),
        ({"contribution": ContributionState.SUPPRESSED, "estimand": Said("estimand.change")}, EffectVerdict.HIDDEN),
        ({"contribution": ContributionState.IMPROVED, "evidence_level": 5, "stage": "output"}, EffectVerdict.NONE),
    ],
)
def test_an_effect_by_its_state_and_evidence(fields: dict[str, object], found: EffectVerdict) -> None:
    assert effect_verdict(finding(**fields)) is found


def test_what_would_change_a_promise() -> None:
    promised = {"stage": "output", "target": 4.0, "registration": Registration.REGISTERED}
    uncertain = {**promised, "attainment": AttainmentState.UNCERTAIN}
    assert needs(finding(**uncertain, conf_low=3.0, conf_high=6.0)) == ["value"]
    assert needs(finding(**uncertain, flags=("more_than",))) == ["exact"]
    assert needs(finding(**uncertain, flags=("no_interval",))) == ["interval"]
    assert needs(finding(**promised, attainment=AttainmentState.INCOMPLETE)) == ["units"]
    assert needs(finding(**promised, attainment=AttainmentState.OUT_OF_RANGE)) == ["promise"]
    assert needs(finding(**promised, attainment=AttainmentState.NOT_DUE, due="2030")) == ["due"]
    assert needs(finding(**promised, attainment=AttainmentState.NO_DATA, value=None)) == ["data"]
    assert needs(finding(**promised, attainment=AttainmentState.REACHED)) == []
    assert needs(finding(**{**promised, "target": None})) == ["target"]


def test_what_would_change_an_effect() -> None:
    kept = {"target": 4.0, "attainment": AttainmentState.REACHED, "registration": Registration.REGISTERED}
    assert needs(with_effect(1, 0.5, 1.5, 5, **kept)) == []
    assert needs(with_effect(1, 0.5, 1.5, 2, **kept)) == ["design"]
    assert needs(with_effect(1, -0.5, 2.5, 5, **kept)) == ["effect"]
    adjusted = with_effect(1, 0.5, 1.5, 5, **kept | {"contribution": ContributionState.NO_CLEAR_EFFECT})
    assert needs(adjusted) == ["effect_adjusted"]
    assert needs(finding(**kept)) == ["comparison"]
    refused = Said("evidence.refused", reason=Said("meta.two_groups"))
    assert needs(finding(**kept, evidence_reason=refused)) == ["refused"]
    assert needs(with_effect(1, 0.5, 1.5, 5, **kept), Said("checks.null.attrition"), "b") == ["check", "check"]
    assert needs(with_effect(1, 0.5, 1.5, 5, **kept | {"registration": Registration.AMENDED})) == ["amended"]
    assert needs(with_effect(1, 0.5, 1.5, 5, **kept | {"registration": Registration.EXPLORATORY})) == ["plan"]


def test_of_a_suppressed_finding_nothing_is_said_but_that_more_persons_are_needed() -> None:
    hidden = finding(attainment=AttainmentState.SUPPRESSED, contribution=ContributionState.SUPPRESSED, target=4.0)
    assert needs(hidden, "a check") == ["persons"]


def test_the_sentence_counts_and_names_the_weakest_link() -> None:
    kept = {"target": 4.0, "attainment": AttainmentState.REACHED, "registration": Registration.REGISTERED}
    findings = [
        with_effect(1, 0.5, 1.5, 5, indicator="a", **kept),
        with_effect(1, 0.5, 1.5, 2, indicator="b", **kept),
        with_effect(1, -0.5, 1.5, 4, indicator="c", **kept | {"attainment": AttainmentState.SHORT}),
    ]
    found = verdict(findings, {}, has_costs=True)
    assert written(found.said, "en") == (
        "Promises: not kept 1 of 3, kept 2 of 3. Effects: an improvement caused by the programme on 1 of 3, "
        "an improvement indicated by weak evidence on 1 of 3, none shown on 1 of 3. "
        "Weakest link: evidence below level 3 of 5."
    )
    assert written(found.said, "it").startswith("Promesse: non mantenute 1 su 3, mantenute 2 su 3. Effetti: un")
    assert [(need.name, need.findings) for need in found.needs] == [("design", ("made/b",)), ("effect", ("made/c",))]


def test_where_all_is_well_nothing_would_change_it_and_costs_are_asked_for_otherwise() -> None:
    kept = {"target": 4.0, "attainment": AttainmentState.REACHED, "registration": Registration.REGISTERED}
    good = [with_effect(1, 0.5, 1.5, 5, **kept)]
    assert verdict(good, {}, has_costs=True).needs == ()
    assert str(verdict(good, {}, has_costs=True).said).endswith("Weakest link: none of those looked at.")
    assert [need.name for need in verdict(good, {}, has_costs=False).needs] == ["costs"]


def test_a_need_of_several_findings_stands_once() -> None:
    found = verdict([finding(indicator="a"), finding(indicator="b")], {}, has_costs=True)
    assert [need.findings for need in found.needs if need.name == "comparison"] == [("made/a", "made/b")]
    order = [list(LINKS).index(need.name) for need in found.needs]
    assert order == sorted(order)


def test_outcomes_come_first_then_primary_results_then_other_primaries() -> None:
    findings = [
        finding(indicator="events", stage="output"),
        finding(indicator="health", stage="impact"),
        finding(indicator="work", target=1.0),
        finding(indicator="declared"),
        finding(indicator="bare"),
        finding(indicator="health", scope="territory", scope_value="x", target=1.0),
    ]
    chosen, others = deciding(findings, ["declared"], {"events", "health"})
    assert [found.indicator for found in chosen] == ["declared", "health", "events"]
    assert [found.indicator for found in others] == ["work"]


def test_without_either_it_is_results_with_a_target_or_an_effect_and_five_at_most() -> None:
    findings = [
        *(with_effect(1, 0.5, 1.5, 5, indicator=f"e{i}") for i in range(MOST)),
        finding(indicator="t", target=1.0),
        with_effect(1, 0.5, 1.5, 1, indicator="change", estimand=Said("estimand.change")),
        finding(indicator="done", stage="output", target=1.0),
    ]
    chosen, others = deciding(findings, [], frozenset())
    assert [found.indicator for found in chosen] == [f"e{i}" for i in range(MOST)]
    assert [found.indicator for found in others] == ["t"]
