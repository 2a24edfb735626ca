"""Every record of costs, returns, social return and outcome contracts, number by number.

Each computation gives what the record holds, under the same names; what a record holds beyond that is listed with the
reason why it is not ours. Tolerances are the records' own, relative per number; what is arithmetic on published facts
is held to 1e-9, though the records allow what rounding would.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from impact.errors import NotEstimable
from impact.statistics import economics as e
from impact.words.said import Said
from tests.support.references import dataset, references, value_reference

FAMILIES = ("cost", "irr", "sroi", "contract", "property")
IDS = [name for name in references("value_figures.json") if name.partition(".")[0] in FAMILIES]
EXACT = 1e-9
SHAPES = {
    "bounded": "interval",
    "unbounded: complement of an interval": "complement",
    "whole real line": "whole_line",
}

OTHER_LIBRARY = "what numpy-financial returns, one root or NaN"
FACT = "a published fact, which goes in and does not come out"
NOT_OURS: dict[str, dict[str, str]] = {
    **{name: {"numpy_financial_irr": OTHER_LIBRARY} for name in IDS if name.startswith("irr.")},
    "irr.xirr_doc": {"monthly_note": "a sentence; its number is checked below"},
    "cost.sim.vaccine.icer": {"wrong_mean_of_ratios": "the mean of the ratios, which is not the ratio of the means"},
    "contract.peterborough.cohort1.reduction": {"per_100": FACT},
    "contract.peterborough.final.trigger": dict.fromkeys(
        ["reduction", "capital_committed_gbp", "return_pa_about", "cap_pa", "cap_years", "cohort_size", "cohorts_paid", "cohorts_planned"],
        FACT,
    ),
    "contract.educate_girls.enrolment_ratio": dict.fromkeys(["enrolled", "target", "share_eligible", "target_share"], FACT),
    "contract.educate_girls.weighted_achievement": dict.fromkeys(["weights", "achievement"], FACT),
    "contract.educate_girls.cap_consistency": dict.fromkeys(
        ["published_profit_share", "published_return_usd", "published_upfront_usd", "indigo_max_payment_usd", "indigo_commitment_chf", "indigo_commitment_usd"],
        FACT,
    ),
    "contract.educate_girls.effect_denominators": dict.fromkeys(["reported_mean_gain", "children_taught"], FACT),
    "contract.essex.care_proportion": dict.fromkeys(["baseline", "target", "final", "at_march_2019"], FACT),
    "contract.essex.trigger": {"final": FACT},
    "contract.village_enterprise.mix": dict.fromkeys(["consumption", "assets"], FACT),
    "contract.village_enterprise.benefit_cost": dict.fromkeys(["max_outcome_payment_usd", "irr_about"], FACT),
    "contract.ledger.a": {"columns": "names of the columns"},
}  # fmt: skip

Found = dict[str, Any]
COMPUTED: dict[str, Callable[[dict[str, Any]], Found]] = {}


def of(*names: str) -> Callable[[Callable[[dict[str, Any]], Found]], Callable[[dict[str, Any]], Found]]:
    """Register what computes records: from the record to its value and extra."""

    def keep(function: Callable[[dict[str, Any]], Found]) -> Callable[[dict[str, Any]], Found]:
        COMPUTED.update(dict.fromkeys(names, function))
        return function

    return keep


def family(start: str) -> tuple[str, ...]:
    return tuple(name for name in IDS if name.startswith(start))


def increment(given: dict[str, Any]) -> e.Increment:
    return e.Increment(
        given["delta_cost"], given["se_cost"], given["delta_effect"], given["se_effect"], correlation=given["corr"]
    )


# ------------------------------------------------------------------ cost per unit of effect


@of(*family("cost.fieller."))
def fieller(record: dict[str, Any]) -> Found:
    estimates = increment(record["given"])
    z, t = e.fieller_set(estimates), e.fieller_set(estimates, df=98)
    return {
        "value": {"icer": z.ratio, **shape_of(z)},
        "extra": {"g": z.g, "t98": shape_of(t), "delta_method_se": z.delta_error},
    }


def shape_of(found: e.FiellerSet) -> Found:
    [kind] = [theirs for theirs, ours in SHAPES.items() if ours == found.shape]
    return {"kind": kind, "limits": None if found.low is None else [found.low, found.high]}


@of(*family("cost.nb."))
def benefit(record: dict[str, Any]) -> Found:
    found = e.net_benefit(increment(record["given"]), record["value"]["lambda"])
    pairs = zip(found.benefit, found.std_error, strict=True)
    evpi = [e.evpi_normal(mean, error).value for mean, error in pairs]
    value = {"lambda": found.thresholds, "inb": found.benefit, "se": found.std_error, "ceac": found.acceptable}
    return {"value": {**value, "evpi": evpi}}


@of(*family("cost.plane."))
def plane(record: dict[str, Any]) -> Found:
    found = e.quadrants(increment(record["given"]))
    return {"value": {"NE": found.north_east, "SE": found.south_east, "SW": found.south_west, "NW": found.north_west}}


@of("cost.ceac_properties.bounded")
def ends_of_the_curve(record: dict[str, Any]) -> Found:
    return {"value": dict(zip(["at0", "at_inf"], e.acceptability_limits(increment(record["given"])), strict=True))}


@of("cost.evpi_population")
def population(record: dict[str, Any]) -> Found:
    found = e.net_benefit(increment(record["given"]), [record["given"]["lambda"]])
    each = e.evpi_normal(found.benefit[0], found.std_error[0]).value
    decisions = np.full(10, 1000.0)
    return {
        "value": {
            "evpi_per": each,
            "t0to9": e.population_value(each, decisions, 0.035, first_year="undiscounted").value,
            "t1to10": e.population_value(each, decisions, 0.035, first_year="discounted").value,
        }
    }


@of("cost.evsi.n50", "cost.evsi.n1000")
def sample(record: dict[str, Any]) -> Found:
    given = record["given"]
    found = e.evsi_normal(given["prior_mean_inb"], given["prior_sd"], given["obs_sd"], given["n"])
    return {"value": found.value, "extra": {"evpi": found.perfect, "preposterior_sd": found.preposterior_sd}}


@of("cost.evpi_three_options")
def three_options(record: dict[str, Any]) -> Found:
    table = np.column_stack(list(record["given"]["payoff"].values()))
    found = e.evpi_of_draws(table, weights=record["given"]["prob"])
    best = found.expected[found.best]
    return {"value": found.value, "extra": {"expected": found.expected, "best": best, "e_max": found.with_information}}


# ------------------------------------------------------------------ money at other times


@of("cost.discount.flat")
def flat(record: dict[str, Any]) -> Found:
    times = record["value"]["t"]
    return {"value": {"t": times, "f": e.discount_factors(0.035, times)}}


@of("cost.discount.declining")
def declining(record: dict[str, Any]) -> Found:
    times = record["value"]["t"]
    rates = e.yearly_rates({1: 0.035, 31: 0.03, 76: 0.025}, 100)
    return {"value": {"t": times, "f": e.discount_factors(rates, times)}}


@of("cost.annuity.5pc_5y")
def annuity(_: dict[str, Any]) -> Found:
    late, early = (e.annuity_factor(0.05, 5, timing=timing) for timing in ("end_of_year", "start_of_year"))
    return {"value": late, "extra": {"in_advance": early}}


@of("cost.annuity.capital")
def capital(_: dict[str, Any]) -> Found:
    late = e.annual_cost(10000, 0.05, 5, resale=1000, timing="end_of_year")
    early = e.annual_cost(10000, 0.05, 5, resale=1000, timing="start_of_year")
    nothing_left = e.annual_cost(10000, 0.05, 5, resale=0, timing="end_of_year")
    return {"value": late.economic, "extra": {"no_resale": nothing_left.economic, "in_advance": early.economic}}


@of("cost.pv_stream")
def stream(record: dict[str, Any]) -> Found:
    amounts = [1000, 1500, 1500, 800]
    return {"value": {timing: e.present_value(amounts, 0.04, timing=timing).value for timing in record["value"]}}


@of("cost.price_year")
def price_year(record: dict[str, Any]) -> Found:
    index = {int(year): level for year, level in record["given"]["index"].items()}
    return {"value": e.at_prices([1000], index, from_year=2019, to_year=2024).amounts[0]}


@of("cost.currency_order")
def currency_order(record: dict[str, Any]) -> Found:
    given = record["given"]
    rates = {2019: given["rate_2019"], 2024: given["rate_2024"]}
    index = {"convert_then_inflate": given["home_index"], "inflate_then_convert": given["foreign_index"]}
    value = {}
    for order, levels in index.items():
        years = dict(zip(rates, levels, strict=True))
        found = e.at_prices_in_currency([1000], order=order, index=years, rates=rates, from_year=2019, to_year=2024)  # type: ignore[arg-type]
        assert found.rule == Said(f"economics.order_{order}", from_year=2019, to_year=2024)
        value[order] = found.amounts[0]
    return {"value": value}


# ------------------------------------------------------------------ draws of the vaccine model


def vaccine() -> tuple[Any, Any]:
    """Return increments of cost and of effect."""
    draws = dataset("value/bcea_vaccine.csv")
    cost = draws["vaccination_cost"] - draws["status_quo_cost"]
    return cost.to_numpy(), (draws["vaccination_effect"] - draws["status_quo_effect"]).to_numpy()


def options(threshold: float) -> Any:
    """Return the net benefit of doing nothing more, and of vaccination."""
    cost, effect = vaccine()
    return np.column_stack([np.zeros_like(cost), threshold * effect - cost])


@of("cost.sim.vaccine.icer")
def icer(_: dict[str, Any]) -> Found:
    found = e.ratio_of_draws(*vaccine())
    return {"value": found.ratio, "extra": {"mean_de": found.mean_effect, "mean_dc": found.mean_cost}}


@of("cost.sim.vaccine.eib")
def expected_benefit(record: dict[str, Any]) -> Found:
    found = e.net_benefit_of_draws(*vaccine(), [float(k) for k in record["value"]])
    return {"value": dict(zip(record["value"], found.benefit, strict=True))}


@of("cost.sim.vaccine.ceac")
def curve(record: dict[str, Any]) -> Found:
    found = e.net_benefit_of_draws(*vaccine(), [float(k) for k in record["value"]])
    return {"value": dict(zip(record["value"], found.acceptable, strict=True))}


@of("cost.sim.vaccine.evpi")
def evpi(record: dict[str, Any]) -> Found:
    return {"value": {k: e.evpi_of_draws(options(float(k))).value for k in record["value"]}}


@of("cost.sim.vaccine.evpi_normal")
def evpi_by_moments(_: dict[str, Any]) -> Found:
    found = e.net_benefit_of_draws(*vaccine(), [25000.0])
    mean, spread = found.benefit[0], found.std_error[0]
    extra = {
        "simulated": e.evpi_of_draws(options(25000.0)).value,
        "ceac_normal": e.probability_reached(0.0, mean, spread),
        "ceac_simulated": found.acceptable[0],
    }
    return {"value": e.evpi_normal(mean, spread).value, "extra": extra}


# ------------------------------------------------------------------ returns


@of(*(name for name in family("irr.") if "cash_flow" in value_reference(name).get("given", {}) and "mirr" not in name))
def internal(record: dict[str, Any]) -> Found:
    flows = record["given"]["cash_flow"]
    found = e.rates_of_return(flows)
    now = e.present_value(flows, 0.1, timing="start_of_year").value
    return {"value": found.rates, "extra": {"sign_changes": found.sign_changes, "npv_at_10pc": now}}


@of("irr.xirr_doc")
def dated(record: dict[str, Any]) -> Found:
    given = record["given"]
    days = {"value": "actual/365", "act_act_isda": "actual/actual", "thirty_360": "30/360"}
    rates = {
        name: e.dated_rates_of_return(given["amounts"], given["dates"], day_count=count).rate  # type: ignore[arg-type]
        for name, count in days.items()
    }
    return {"value": rates.pop("value"), "extra": rates}


@of("irr.mirr_doc")
def modified(record: dict[str, Any]) -> Found:
    flows = record["given"]["cash_flow"]
    return {"value": e.modified_rate_of_return(flows, finance_rate=0.10, reinvestment_rate=0.12)}


@of("irr.bullet.moic_1.52_3y")
def three_years(_: dict[str, Any]) -> Found:
    return {"value": e.rate_of_multiple(1.52, 3)}


@of("irr.bullet.moic_1.45_6y")
def six_years(_: dict[str, Any]) -> Found:
    return {"value": e.rate_of_multiple(1.45, 6)}


@of("irr.cap_15pc_3y")
def cap(_: dict[str, Any]) -> Found:
    found = e.capped_repayment(270000, 0.15, 3)
    return {"value": found.amount, "extra": {"multiple": found.multiple, "simple_interest": found.simple_interest}}


# ------------------------------------------------------------------ social return


def chart(given: dict[str, Any], **other: Any) -> e.Map:
    outcomes = [e.Outcome(**outcome) for outcome in given["outcomes"]]
    return e.Map(outcomes, given["inputs"], **{"rates": given["discount_rate"], "periods": given["periods"], **other})


@of("sroi.hand_example", "sroi.single_year")
def social(record: dict[str, Any]) -> Found:
    given = record["given"]
    plain = chart(given)
    found, added = e.social_return(plain), e.social_return(chart(given, deductions="added"))
    swings = {
        swing.outcome: [swing.ratio_low, swing.ratio_high] for swing in e.tornado(plain, e.around(plain, "proxy", 0.3))
    }
    steps = [
        {"name": one.name, "gross": one.gross, "impact_year1": one.impact, "impact_additive": other.impact, "by_year": one.by_year}
        for one, other in zip(found.outcomes, added.outcomes, strict=True)
    ]  # fmt: skip
    extra = {
        "steps": steps,
        "total_by_year": found.by_year,
        "total_inputs": found.total_inputs,
        "pv": found.present_value,
        "npv": found.net_present_value,
        "net_ratio": found.net_ratio,
        "ratio_if_year1_undiscounted": e.social_return(chart(given, first_year="undiscounted")).ratio,
        "ratio_undiscounted": e.social_return(chart(given, rates=0.0)).ratio,
        "ratio_additive": added.ratio,
        "break_even_proxy": {one.name: e.break_even_proxy(plain, one.name) for one in found.outcomes},
        "tornado_proxy_30pc": swings,
        "share_of_value": {one.name: one.share for one in found.outcomes},
    }
    return {"value": found.ratio, "extra": extra}


@of("property.currency")
def currency(_: dict[str, Any]) -> Found:
    given = value_reference("sroi.hand_example")["given"]
    cents = [{**outcome, "proxy": 100 * outcome["proxy"]} for outcome in given["outcomes"]]
    inputs = {name: 100 * amount for name, amount in given["inputs"].items()}
    other = e.social_return(chart({**given, "outcomes": cents, "inputs": inputs}))
    same = math.isclose(other.ratio, e.social_return(chart(given)).ratio, rel_tol=1e-12)
    first, second = e.Increment(1200, 300, 0.08, 0.02, 0.3), e.Increment(120000, 30000, 0.08, 0.02, 0.3)
    ratios = e.fieller_set(first).ratio, e.fieller_set(second).ratio
    return {"value": same and math.isclose(ratios[1], 100 * ratios[0], rel_tol=1e-12)}


# ------------------------------------------------------------------ outcome contracts


PETERBOROUGH = e.Metric("reconvictions", trigger=0.10, counted_from=0.0, tariff=1.0)


@of("contract.peterborough.cohort1.reduction")
def cohort_one(record: dict[str, Any]) -> Found:
    observed, baseline = record["extra"]["per_100"]
    found = e.reduction(observed, baseline)
    low, high = e.rounding_range(
        lambda now, before: e.reduction(now, before).relative, [observed, baseline], [0.5, 0.5]
    )
    assert (round(low, 3), round(high, 3)) == (0.078, 0.09)
    return {"value": found.relative, "extra": {"difference": found.difference}}


@of("contract.peterborough.cohort1.trigger")
def cohort_one_trigger(_: dict[str, Any]) -> Found:
    needed = e.level_for(155, PETERBOROUGH.trigger)
    found = e.trigger_state(142, needed, better="lower")
    assert found.state == "missed"
    extra = {"threshold": PETERBOROUGH.trigger, "needed_at_most_per_100": needed, "short_by": found.short_by}
    return {"value": found.reached, "extra": extra}


@of("contract.peterborough.cohort1.overall_open")
def overall_open(_: dict[str, Any]) -> Found:
    found = e.trigger_state(e.reduction(142, 155).relative, 0.075, final=False)
    return {"value": found.state, "extra": {"above_if_final": found.reached}}


@of("contract.peterborough.final.trigger")
def final_trigger(record: dict[str, Any]) -> Found:
    overall = e.Overall("reconvictions", 0.075, {"1": 1000, "2": 1000})
    rules = e.Contract((PETERBOROUGH,), overall=overall)
    second = e.implied_rest(0.09, [0.084], [1, 1])
    found = e.ledger(rules, ("1", "2"), [[0.084], [second]], final=True)
    assert [payment.reason.code for payment in found.payments] == ["economics.pay_overall"] * 2
    pooled = e.trigger_state(record["extra"]["reduction"], overall.trigger)
    return {"value": pooled.reached, "extra": {"threshold": overall.trigger}}


@of("contract.peterborough.final.cohort2_implied")
def cohort_two(_: dict[str, Any]) -> Found:
    def implied(pooled: float, first: float) -> float:
        return e.implied_rest(pooled, [first], [1, 1])

    return {
        "value": implied(0.09, 0.084),
        "extra": {"range_from_rounding": e.rounding_range(implied, [0.09, 0.084], [0.0005, 0.0005])},
    }


@of("contract.educate_girls.enrolment_ratio")
def enrolment(record: dict[str, Any]) -> Found:
    facts = record["extra"]
    counted = e.achievement([facts["enrolled"]], [facts["target"]], [1])
    return {
        "value": counted,
        "extra": {"from_shares": e.achievement([facts["share_eligible"]], [facts["target_share"]], [1])},
    }


@of("contract.educate_girls.learning_target_implied")
def learning(_: dict[str, Any]) -> Found:
    return {
        "value": e.implied_base(8940, 1.6),
        "extra": {"range": e.rounding_range(e.implied_base, [8940, 1.6], [0, 0.005])},
    }


@of("contract.educate_girls.weighted_achievement")
def weighted(record: dict[str, Any]) -> Found:
    reached, weights = record["extra"]["achievement"], record["extra"]["weights"]
    value, capped = (e.achievement(reached, [1, 1], weights, most=most) for most in (None, 1.0))
    return {"value": value, "extra": {"with_each_capped_at_100": capped}}


@of("contract.educate_girls.cap_consistency")
def cap_consistency(record: dict[str, Any]) -> Found:
    facts = record["extra"]
    upfront, returned, most = (
        facts["published_upfront_usd"],
        facts["published_return_usd"],
        facts["indigo_max_payment_usd"],
    )
    extra = {
        "implied_irr_of_1_52": e.rate_of_multiple(1 + facts["published_profit_share"], 3),
        "implied_by_these": e.rate_of_multiple(e.multiple([-upfront, upfront + returned]), 3),
        "implied_422_over_270": e.rate_of_multiple(e.multiple([-upfront, most]), 3),
        "implied_422_over_292_9": e.rate_of_multiple(e.multiple([-facts["indigo_commitment_usd"], most]), 3),
    }
    return {"value": e.capped_repayment(upfront, 0.15, 3).multiple, "extra": extra}


@of("contract.educate_girls.effect_denominators")
def denominators(record: dict[str, Any]) -> Found:
    facts = record["extra"]
    children = e.implied_base(8940, facts["reported_mean_gain"])
    return {"value": e.implied_base(8940, facts["children_taught"]), "extra": {"children_implied_by_mean": children}}


@of("contract.essex.care_proportion")
def care(record: dict[str, Any]) -> Found:
    facts = record["extra"]
    found = e.reduction(facts["final"], facts["baseline"], target=facts["target"])
    extra = {
        "relative": found.relative,
        "target_relative": found.target_relative,
        "against_target": found.against_target,
    }
    return {"value": found.difference, "extra": extra}


@of("contract.essex.trigger")
def care_trigger(record: dict[str, Any]) -> Found:
    return {"value": e.trigger_state(record["extra"]["final"], 0.27, better="lower").reached}


@of("contract.essex.moic")
def essex(_: dict[str, Any]) -> Found:
    times, drawn = 1.45, 3.1e6
    extra = {
        "profit": drawn * times - drawn,
        "bullet_irr_6y": e.rate_of_multiple(times, 6),
        "bullet_irr_5y": e.rate_of_multiple(times, 5),
    }
    repaid = e.capped_repayment(drawn, extra["bullet_irr_6y"], 6)
    assert e.multiple([-drawn, repaid.amount]) == pytest.approx(times, rel=1e-12)
    return {"value": repaid.amount, "extra": extra}


@of("contract.village_enterprise.mix")
def mix(record: dict[str, Any]) -> Found:
    shares = [
        e.implied_share(effects["all"], effects["kenya"], effects["uganda"])
        for effects in (record["extra"]["consumption"], record["extra"]["assets"])
    ]
    return {"value": shares[0], "extra": {"from_assets": shares[1]}}


@of("contract.village_enterprise.control_means")
def control_means(_: dict[str, Any]) -> Found:
    published = {"assets": (40.5, 0.058), "kenya": (15.2, 0.073), "uganda": (3.9, 0.036)}
    extra = {name: e.implied_base(*figures) for name, figures in published.items()}
    return {"value": e.implied_base(9.9, 0.063), "extra": extra}


@of("contract.village_enterprise.benefit_cost")
def lifetime(_: dict[str, Any]) -> Found:
    return {"value": e.benefit_cost_ratio([21e6], [5.32e6])}


@of("contract.ledger.a")
def contract_ledger(record: dict[str, Any]) -> Found:
    rule, cohorts = record["given"]["rule"], record["given"]["cohorts"]
    metric = e.Metric("result", trigger=rule["threshold"], counted_from=rule["threshold"], tariff=rule["tariff"])
    rules = e.Contract((metric,), cohort_cap=rule["cap_cohort"], total_cap=rule["cap_total"])
    found = e.ledger(rules, tuple(name for name, _ in cohorts), [[value] for _, value in cohorts], final=True)
    assert [payment.reason.code for payment in found.payments] == [
        "economics.pay_units", "economics.pay_units", "economics.pay_no_units", "join.semicolon",
    ]  # fmt: skip
    lines = [[line.cohort, line.result, line.due, line.paid, line.cumulative] for line in found.payments]
    return {"value": found.total, "extra": {"ledger": lines}}


@of("contract.expected_payment_normal")
def expected_payment(record: dict[str, Any]) -> Found:
    given = record["given"]
    start, mean, sd = given["threshold"], given["mean"], given["sd"]
    metric = e.Metric("points", start, start, given["tariff"], most_units=given["cap_points"])
    found = e.payment_if_normal(metric, mean, sd)

    def weighted_by_density(x: float) -> float:
        units = min(max(x - start, 0), given["cap_points"])
        return float(given["tariff"] * units * stats.norm.pdf(x, mean, sd))

    area, _ = integrate.quad(weighted_by_density, start, 60, points=[start + given["cap_points"]], limit=200)
    extra = {
        "p_trigger": found.p_trigger,
        "p_cap": found.p_most,
        "p_10": e.probability_reached(10, mean, sd),
        "by_integration": area,
    }
    return {"value": found.expected, "extra": extra}


# ------------------------------------------------------------------ the comparison


def tolerance(name: str, record: dict[str, Any]) -> float:
    """Return the record's own tolerance; of arithmetic on published facts never more than rounding."""
    own = float(record["tolerance"])
    arithmetic = name.startswith("contract.") and name != "contract.expected_payment_normal"
    return min(own, EXACT) if arithmetic else own


def compare(found: Any, expected: Any, where: str, rel: float) -> int:
    """Compare all that a record holds, and return how many numbers and texts that was."""
    if isinstance(expected, dict):
        assert set(found) == set(expected), where
        return sum(compare(found[key], member, f"{where}.{key}", rel) for key, member in expected.items())
    if isinstance(expected, list):
        assert len(found) == len(expected), where
        return sum(compare(one, other, where, rel) for one, other in zip(found, expected, strict=True))
    if isinstance(expected, bool | str) or expected is None:
        assert found == expected, where
        return 1
    # What is zero but for rounding: a rate, or a present value of hundreds
    nought = 1e-12 if where.startswith("irr.") else 1e-15
    assert found == pytest.approx(expected, rel=rel, abs=nought), where
    return 1


def leaves(member: Any) -> int:
    if isinstance(member, dict | list):
        return sum(map(leaves, member.values() if isinstance(member, dict) else member))
    return 1


@pytest.mark.parametrize("group", FAMILIES)
def test_records_are_met_number_by_number(group: str, subtests: pytest.Subtests) -> None:
    for name in IDS:
        record = value_reference(name)
        needs_data = name.startswith("cost.sim.")
        if name.partition(".")[0] != group or needs_data:
            continue
        with subtests.test(name):
            check(name, record)


def test_draws_of_the_vaccine_model(subtests: pytest.Subtests) -> None:
    vaccine()
    for name in family("cost.sim."):
        with subtests.test(name):
            check(name, value_reference(name))


def check(name: str, record: dict[str, Any]) -> None:
    found = COMPUTED[name](record)
    rel = tolerance(name, record)
    compare(found["value"], record["value"], name, rel)
    ours = {key: value for key, value in record.get("extra", {}).items() if key not in NOT_OURS.get(name, {})}
    compare(found.get("extra", {}), ours, f"{name}.extra", rel)


def test_no_record_and_no_key_is_left_unchecked() -> None:
    """Every record has its computation, which must give every key of its extra that is not listed with a reason."""
    assert set(COMPUTED) == set(IDS)
    assert len(IDS) == 66
    assert [name for name in IDS if value_reference(name).get("se") is not None] == []
    listed = {name: set(keys) - set(value_reference(name).get("extra", {})) for name, keys in NOT_OURS.items()}
    listed = {name: keys - {"numpy_financial_irr"} for name, keys in listed.items()}
    assert {name: keys for name, keys in listed.items() if keys} == {}
    assert all(reason for keys in NOT_OURS.values() for reason in keys.values())
    assert sum(leaves(value_reference(name)["value"]) for name in IDS) > 250


def test_dates_matter_as_the_note_says() -> None:
    given = value_reference("irr.xirr_doc")
    assert "0.115413" in given["extra"]["monthly_note"]
    assert e.rates_of_return(given["given"]["amounts"]).rate == pytest.approx(0.115413, abs=5e-7)


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("return of Peterborough", {"capital drawn": None, "amount paid": None}),
        ("return of Educate Girls", {"capital drawn": 270000.0, "amount paid": 414085.0, "years": None}),
        ("price of Village Enterprise", {"payment": 4280618.0, "price per unit": None}),
    ],
)
def test_what_nobody_published_is_a_value_with_a_reason(name: str, missing: dict[str, float | None]) -> None:
    found = e.recomputed(name, lambda drawn, paid, years=1.0: e.rate_of_multiple(paid / drawn, years), missing)
    assert isinstance(found, NotEstimable)
    names = [key for key, value in missing.items() if value is None]
    assert found.reason == Said("economics.not_recomputable", what=name, missing=names)


def test_a_record_that_is_no_number_refuses_like_any_other() -> None:
    found = e.recomputed("rate", e.rate_of_multiple, {"multiple": 1.45, "years": 0.0})
    assert isinstance(found, NotEstimable)
    assert found.reason.code == "economics.not_above_zero"
