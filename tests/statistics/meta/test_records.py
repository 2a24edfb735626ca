"""Every number of the reference values of pooling: R's metafor, clubSandwich and robumeta at full convergence."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any, get_args

import numpy as np
import pytest

from impact.errors import NotEstimable
from impact.statistics import meta
from impact.statistics.core import Estimate, Floats
from impact.statistics.meta.between import METHODS
from impact.statistics.meta.pooled import VERSIONS
from tests.support.references import dataset, references, value_reference

Numbers = dict[str, Any]
RECORDS = {name: record for name, record in references("value_figures.json").items() if name.startswith("meta.")}
FILES = {
    "bcg": "bcg",
    "collins": "collins1985b",
    "raudenbush": "raudenbush1985",
    "hine": "hine1989",
    "bangert": "bangertdrowns2004",
    "konstantopoulos": "konstantopoulos2011",
    "sbp": "sbp",
}
PRINTED = "metafor_default_convergence"
"""What metafor 3.8 prints where it stops early, up to 4e-4 from the root: near, and not what is to be met."""
AT_ZERO = {
    ("meta.raudenbush.metareg_weeks3", "extra.tau2"),
    ("meta.raudenbush.metareg_weeks3", "extra.I2_pct"),
}
"""Zero, which R's iterations leave as a residue of rounding (2e-15)."""


def effects(name: str) -> tuple[Floats, Floats]:
    """Return estimates and errors of the dataset of a record."""
    frame = dataset(f"value/{FILES[name]}.csv")
    errors = frame["sei"] if "sei" in frame else np.sqrt(frame["vi"])
    return frame["yi"].to_numpy(float), errors.to_numpy(float)


def given(name: str) -> tuple[Floats, Floats]:
    """Return estimates and errors that stand in the record."""
    numbers = value_reference(name)["given"]
    return np.atleast_1d(np.array(numbers["yi"], float)), np.sqrt(np.atleast_1d(np.array(numbers["vi"], float)))


def ends(effect: Estimate) -> list[float]:
    return [effect.conf_low, effect.conf_high]


def refused(call: Callable[[], object]) -> str:
    """Return the code of the reason for which a call is refused, as a record says it: not defined."""
    with pytest.raises(NotEstimable) as error:
        call()
    return f"undefined: {error.value.reason.code}"


def mean(data: str, method: Any) -> Numbers:
    pooled = meta.pool(*effects(data), method=method, interval="z")
    effect, spread = pooled.effect, pooled.spread
    numbers = {
        "k": pooled.k,
        "tau2": pooled.tau2,
        "I2_pct": 100 * pooled.i2,
        "H2": spread.h2,
        "Q": spread.q,
        "Q_df": spread.df,
        "Q_p": spread.p_value,
        "z": effect.statistic,
        "p": effect.p_value,
        "ci_z": ends(effect),
        PRINTED: {"tau2": pooled.tau2, "I2_pct": 100 * pooled.i2},
    }
    return {"value": effect.estimate, "se": effect.std_error, "extra": numbers}


def hksj(data: str, kind: str, method: Any) -> Numbers:
    guarded = kind == "HKSJ_adhoc"
    pooled = meta.pool(*effects(data), method=method, interval="adhoc" if guarded else "hksj")
    assert str(pooled.effect.rule) == f"{method}, HKSJ" + guarded * " guarded"
    effect = pooled.effect
    factor = {"q_used": max(1.0, pooled.factor)} if guarded else {"q": pooled.factor}
    extra = {"df": effect.df, "t": effect.statistic, "p": effect.p_value, "ci": ends(effect), **factor}
    return {"value": effect.estimate, "se": effect.std_error, "extra": extra}


def interval(pooled: meta.Pooled, version: Any) -> list[float]:
    found = pooled.predict(version)
    return [found.low, found.high]


def predictions(data: str) -> Numbers:
    plain, knapp = (meta.pool(*effects(data), interval=kind) for kind in ("z", "hksj"))
    value = {
        "z": interval(plain, "z"),
        "t_k-1": interval(plain, "t(k-1)"),
        "t_k-2": interval(plain, "t(k-2)"),
        "HK_t_k-1": interval(knapp, "t(k-1)"),
        "HK_t_k-2": interval(knapp, "t(k-2)"),
        "mu_pm_1.96_tau_without_se": interval(plain, "tau"),
    }
    return {"value": value}


def higgins(data: str) -> Numbers:
    return {"value": interval(meta.pool(*effects(data), method="DL", interval="z"), "t(k-2)")}


def published_prediction() -> Numbers:
    pooled = meta.pool(*effects("sbp"), method="DL", interval="z")
    extra = {"mu": pooled.effect.estimate, "tau2": pooled.tau2, "ci": ends(pooled.effect)}
    return {"value": interval(pooled, "t(k-2)"), "extra": extra}


def spread(data: str) -> Numbers:
    found = meta.spread_interval(*effects(data))
    shares = [100 * share for share in found.i2]
    assert found.tau == pytest.approx([math.sqrt(end) for end in found.tau2])
    extra = {"tau2_ci": list(found.tau2), "I2_ci": shares, "H2_ci": list(found.h2)}
    return {"value": meta.pool(*effects(data)).tau2, "extra": extra}


def egger_classical(data: str) -> Numbers:
    found = meta.egger(*effects(data), model="lm")
    slope = found.slope
    extra = {
        "df": slope.df,
        "p": slope.p_value,
        "slope_on_se": slope.estimate,
        "slope_se": slope.std_error,
        "limit_at_se0": found.limit.estimate,
        "limit_ci": ends(found.limit),
    }
    return {"value": slope.statistic, "extra": extra}


def egger_additive(data: str) -> Numbers:
    found = meta.egger(*effects(data), model="additive")
    extra = {"p": found.slope.p_value, "limit_at_se0": found.limit.estimate}
    return {"value": found.slope.statistic, "extra": extra}


def begg(data: str) -> Numbers:
    found = meta.rank_test(*effects(data))
    return {"value": found.tau, "extra": {"p": found.p_value}}


def left_out(data: str) -> Numbers:
    found = meta.leave_one_out(*effects(data), interval="z")
    extra = {"tau2": found.tau2, "I2_pct": 100 * found.i2}
    return {"value": found.effects, "se": found.std_errors, "extra": extra}


def blups(data: str) -> Numbers:
    found = meta.shrunken(*effects(data))
    below = meta.target_met(*effects(data), 0.0, side="below").each
    extra = {"lambda": found.shares, "se_without_mu_uncertainty": found.std_errors_given_mean, "prob_below_0": below}
    return {"value": found.effects, "se": found.std_errors, "extra": extra}


def target() -> Numbers:
    found = meta.target_met(*effects("bcg"), math.log(0.8), side="below")
    extra = {"new_project": found.new, "mean": found.mean, "unshrunken": found.unshrunken}
    return {"value": found.each, "extra": extra}


def moderated(data: str, column: str, kind: Any) -> Numbers:
    frame = dataset(f"value/{FILES[data]}.csv").dropna(subset=[column])
    term, values = column, frame[column].to_numpy(float)
    if column == "weeks":
        term, values = "pmin(weeks, 3)", np.minimum(values, 3)
    y, errors = frame["yi"].to_numpy(float), np.sqrt(frame["vi"].to_numpy(float))
    found = meta.meta_regression(y, errors, values[:, None], [term], interval=kind)
    test, left = found.moderators, found.spread
    assert found.r2 is not None
    extra = {
        "terms": ["intrcpt", *map(str, found.names[1:])],
        "tau2": left.tau2,
        "QM": test.statistic,
        "QM_df": [test.df1, None if math.isinf(test.df2) else test.df2],
        "QMp": test.p_value,
        "QE": left.q,
        "QEp": left.p_value,
        "R2_pct": 100 * found.r2,
        "I2_pct": 100 * left.i2,
        "p": [coefficient.p_value for coefficient in found.coefficients],
        "ci": [ends(coefficient) for coefficient in found.coefficients],
        "vb": found.covariance,
        "k": found.k,
    }
    return {**coefficients(found.coefficients), "extra": extra}


def coefficients(found: tuple[Estimate, ...]) -> Numbers:
    return {"value": [one.estimate for one in found], "se": [one.std_error for one in found]}


def grouped(data: str, column: str, common: bool) -> Numbers:
    groups = dataset(f"value/{FILES[data]}.csv")[column].to_numpy()
    found = meta.subgroups(*effects(data), groups, common=common, interval="z")
    test = found.difference
    extra: Numbers = {"df": test.df1, "p": test.p_value}
    if found.regression is None:
        rows = zip(found.levels, found.counts, found.effects, found.tau2, strict=True)
        extra["groups"] = [
            {"level": level, "k": k, "b": effect.estimate, "se": effect.std_error, "tau2": tau2}
            for level, k, effect, tau2 in rows
        ]
        return {"value": test.statistic, "extra": extra}
    numbers = coefficients(found.regression.coefficients)
    terms = ["intrcpt", *(f"g{level}" for level in found.levels[1:])]
    extra |= {"tau2": found.tau2[0], "beta": numbers["value"], "beta_se": numbers["se"], "terms": terms}
    return {"value": test.statistic, "extra": extra}


def schools(*, year: bool = False) -> meta.Sample:
    frame = dataset("value/konstantopoulos2011.csv")
    moderators = (frame["year"].to_numpy(float) - 1990)[:, None] if year else None
    names = ["year"] if year else []
    return meta.clustered(*effects("konstantopoulos"), frame["district"].to_numpy(), moderators, names)


def naive() -> Numbers:
    pooled = meta.pool(*effects("konstantopoulos"), interval="z")
    extra = {"tau2": pooled.tau2, "I2_pct": 100 * pooled.i2, "Q": pooled.spread.q}
    return {"value": pooled.effect.estimate, "se": pooled.effect.std_error, "extra": extra}


def levels() -> Numbers:
    found = meta.three_level(schools())
    (effect,) = found.coefficients
    extra = {
        "sigma2": [found.sigma2_between, found.sigma2_within],
        "names": ["district", "district/school"],
        "Q": found.q,
        "ci_z": ends(effect),
        "loglik_reml": found.log_likelihood,
    }
    return {"value": effect.estimate, "se": effect.std_error, "extra": extra}


def robust(model: str, rule: Any) -> Numbers:
    working = meta.three_level(schools()).working if model == "three_level" else meta.independent(schools())
    (effect,) = meta.cluster_robust(working, rule=rule)
    extra = {"t": effect.statistic, "df": effect.df, "p": effect.p_value, "ci": ends(effect)}
    return {"value": effect.estimate, "se": effect.std_error, "extra": extra}


def as_metafor() -> Numbers:
    (effect,) = meta.cluster_robust(meta.three_level(schools()).working, rule="CR1p", freedom="m-p")
    return {"value": effect.estimate, "se": effect.std_error, "extra": {"df": effect.df, "ci": ends(effect)}}


def moments(model: Any) -> Numbers:
    found = meta.robust_weights(schools(), model=model)
    (effect,) = meta.cluster_robust(found.working)
    extra = {"df": effect.df, "ci": ends(effect), "tau2": found.tau2, "omega2": found.omega2}
    return {"value": effect.estimate, "se": effect.std_error, "extra": extra}


def robust_year() -> Numbers:
    model = meta.three_level(schools(year=True))
    found = meta.cluster_robust(model.working)
    extra = {
        "df": [one.df for one in found],
        "p": [one.p_value for one in found],
        "sigma2": [model.sigma2_between, model.sigma2_within],
    }
    return {**coefficients(found), "extra": extra}


def one_study() -> Numbers:
    y, errors = given("meta.k1")
    effect = meta.common_effect(y, errors)
    reasons = {"tau2": refused(lambda: meta.spread_interval(y, errors)), "hksj": refused(lambda: meta.pool(y, errors))}
    return {"value": effect.estimate, "se": effect.std_error, "extra": reasons}


def few_studies(name: str) -> Numbers:
    y, errors = given(name)

    def numbers(method: Any) -> Numbers:
        plain, knapp = (meta.pool(y, errors, method=method, interval=kind) for kind in ("z", "hksj"))
        effect = plain.effect
        of_knapp = {"hksj_se": knapp.effect.std_error, "hksj_ci": ends(knapp.effect)}
        return {"b": effect.estimate, "se": effect.std_error, "tau2": plain.tau2, "ci_z": ends(effect), **of_knapp}

    plain = meta.pool(y, errors, interval="z")
    higgins = refused(lambda: plain.predict("t(k-2)")) if plain.k == 2 else interval(plain, "t(k-2)")
    extra = {
        "all": {method: numbers(method) for method in ("REML", "DL", "PM")},
        "PI_HTS": higgins,
        "PI_t_k1": interval(plain, "t(k-1)"),
    }
    return {"value": plain.effect.estimate, "se": plain.effect.std_error, "extra": extra}


def identical() -> Numbers:
    y, errors = given("meta.identical_effects")
    plain, guarded = (meta.pool(y, errors, interval=kind) for kind in ("z", "adhoc"))
    without_guard = math.sqrt(plain.factor) * plain.effect.std_error
    assert refused(lambda: meta.pool(y, errors, interval="hksj")) == "undefined: meta.effects_all_the_same"
    extra = {
        "tau2": plain.tau2,
        "hksj_se": without_guard,
        "adhoc_se": guarded.effect.std_error,
        "adhoc_ci": ends(guarded.effect),
    }
    return {"value": plain.effect.estimate, "se": plain.effect.std_error, "extra": extra}


KINDS: dict[str, Callable[..., Numbers]] = {
    rf"(\w+)\.({'|'.join(METHODS)})": mean,
    r"(\w+)\.(HKSJ|HKSJ_adhoc)\.(\w+)": hksj,
    r"(\w+)\.PI\.REML": predictions,
    r"(\w+)\.PI\.DL_HTS": higgins,
    r"(\w+)\.tau2_ci": spread,
    r"(\w+)\.egger\.lm": egger_classical,
    r"(\w+)\.egger\.rma": egger_additive,
    r"(\w+)\.begg": begg,
    r"(\w+)\.loo": left_out,
    r"(\w+)\.blup": blups,
    r"bcg\.p_target": target,
    r"(\w+)\.metareg_([a-z]+)3?": lambda data, column: moderated(data, column, "z"),
    r"(\w+)\.metareg_([a-z]+)_knha": lambda data, column: moderated(data, column, "hksj"),
    r"(\w+)\.subgroup_(\w+)\.separate_tau2": lambda data, column: grouped(data, column, False),
    r"(\w+)\.subgroup_(\w+)\.common_tau2": lambda data, column: grouped(data, column, True),
    r"konstantopoulos\.naive_REML": naive,
    r"konstantopoulos\.three_level": levels,
    r"konstantopoulos\.(three_level|uni)_(CR\d)": robust,
    r"konstantopoulos\.three_level_metafor_robust": as_metafor,
    r"konstantopoulos\.robu_(\w+)": moments,
    r"konstantopoulos\.three_level_CR2_year": robust_year,
    r"sbp\.PI_HTS": published_prediction,
}
GIVEN: dict[str, Callable[..., Numbers]] = {
    "meta.k1": one_study,
    "meta.k2": lambda: few_studies("meta.k2"),
    "meta.k3": lambda: few_studies("meta.k3"),
    "meta.identical_effects": identical,
}
"""Records whose data stand in them."""


def computed(name: str) -> list[tuple[Callable[..., Numbers], tuple[str, ...]]]:
    """Return what computes a record of a dataset, with the parts of its name; one, if all is well."""
    short = name.removeprefix("meta.")
    matches = [(kind, re.fullmatch(pattern, short)) for pattern, kind in KINDS.items()]
    return [(kind, match.groups()) for kind, match in matches if match]


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every number, text or null of nested lists and dictionaries, with its path."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from leaves(member, f"{path}.{key}")
    elif isinstance(value, list | tuple | np.ndarray):
        for place, member in enumerate(value):
            yield from leaves(member, f"{path}.{place}")
    else:
        yield path, value


def flat(record: Numbers) -> dict[str, Any]:
    """Return value, se and extra of a record, a line a number."""
    return {path: leaf for part in ("value", "se", "extra") for path, leaf in leaves(record.get(part, []), part)}


def met(name: str, numbers: Numbers) -> None:
    """Compare every number, at the record's own tolerance; what is found and what is known have the same parts."""
    record = RECORDS[name]
    known, found = flat(record), flat(numbers)
    if PRINTED not in record.get("extra", {}):
        found = {path: leaf for path, leaf in found.items() if PRINTED not in path}
    printed_less = {path for path in set(found) - set(known) if PRINTED in path}
    assert set(found) - printed_less == set(known), name
    for path, leaf in known.items():
        assert found[path] == expected(name, path, leaf), (name, path, found[path], leaf)


def expected(name: str, path: str, leaf: Any) -> Any:
    """Return what a number is compared with."""
    if leaf is None:
        return None
    if isinstance(leaf, str):
        return Undefined(leaf) if leaf.startswith("undefined") else leaf
    if PRINTED in path:
        return pytest.approx(leaf, rel=1e-3)
    if leaf == 0 or (name, path) in AT_ZERO:
        return pytest.approx(0, abs=1e-10)
    return pytest.approx(leaf, rel=RECORDS[name]["tolerance"], abs=0)


class Undefined(str):
    """A text of a record that says why something is not defined; equal to any refusal."""

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other.startswith("undefined: meta.")


def test_records_of_public_data(subtests: pytest.Subtests) -> None:
    for file in FILES.values():
        dataset(f"value/{file}.csv")
    for name in sorted(set(RECORDS) - set(GIVEN)):
        with subtests.test(name):
            ((kind, parts),) = computed(name)
            met(name, kind(*parts))


@pytest.mark.parametrize("name", GIVEN)
def test_records_that_bring_their_data(name: str) -> None:
    met(name, GIVEN[name]())


def test_no_record_is_left_unchecked_and_none_has_parts_that_nobody_compares() -> None:
    """``met`` demands the same parts of value, se and extra; here, that there are no others, and a way to each record."""
    told = {
        "dataset",
        "given",
        "source",
        "licence",
        "method",
        "spec",
        "reference_source",
        "published",
        "tolerance",
        "caveat",
    }
    for name, record in RECORDS.items():
        assert set(record) - told <= {"value", "se", "extra"}, name
        assert flat(record), name
        assert len(computed(name)) == (name not in GIVEN), name
    assert set(GIVEN) <= set(RECORDS)
    assert len(RECORDS) == 141


def test_every_version_of_an_interval_is_among_the_records() -> None:
    assert set(VERSIONS) == {"z", "t(k-1)", "t(k-2)", "tau"}
    assert set(get_args(meta.Interval)) == {"z", "hksj", "adhoc"}
    assert {name.rsplit(".", 1)[-1] for name in RECORDS} >= set(METHODS)
