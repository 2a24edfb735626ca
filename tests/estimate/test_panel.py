"""Panel effects from cells in DuckDB: R (fixest), statsmodels with dummies, every way of compressing, refusals."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from impact.designs.staggered.event_time import event_terms
from impact.errors import NotEstimable, UsageError
from impact.estimate.panel import PanelFit, panel_effects
from tests.support.references import dataset, reference

JTRAIN = 'SELECT fcode AS _unit, fcode AS _cluster, year AS _period, lscrap AS _outcome, d88, d89, "grant", grant_1 FROM data'
MPDTA = (
    'SELECT countyreal AS _unit, year AS _period, lemp AS _outcome, nullif("first.treat", 0) AS _start,'
    ' "first.treat" > 0 AND year >= "first.treat" AS treated FROM data'
)


def run(data: pd.DataFrame, relation: str = "SELECT * FROM data", **options: object) -> PanelFit:
    with duckdb.connect() as connection:
        connection.register("data", data)
        fit = panel_effects(connection, relation, **options)  # type: ignore[arg-type]
        left = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE temporary").fetchall()
    assert left == [(0,)]
    return fit


@pytest.mark.parametrize(
    ("name", "clusters", "small_sample", "rule"),
    [
        ("did.jtrain_iid", [], "nested", "classical, t(104)"),
        *(
            (f"did.jtrain_cluster_{key}", [cluster], small_sample, f"{rule}, t(53)")
            for cluster in ("_unit", "_cluster")
            for key, small_sample, rule in [
                ("fixest", "nested", "CR1 nested"),
                ("full", "full", "CR1 full"),
                ("noadj", "none", "CR0"),
            ]
        ),
    ],
)
def test_job_training_equals_fixest(name: str, clusters: list[str], small_sample: str, rule: str) -> None:
    known, terms = reference(name), ["d88", "d89", "grant", "grant_1"]
    fit = run(
        dataset("wd_jtrain.csv"),
        JTRAIN,
        terms=terms,
        period_effects=False,
        clusters=clusters,
        small_sample=small_sample,
    )
    assert fit["grant"].estimate == pytest.approx(known["value"], rel=known["tolerance"])
    assert fit["grant"].std_error == pytest.approx(known["se"], rel=known["tolerance"])
    assert str(fit["grant"].reference) == rule
    assert (fit.n_obs, fit.n_units, fit.n_periods) == (162, 54, 3)
    assert (fit.n_missing_outcome, fit.n_missing_terms, fit.n_singletons) == (309, 0, 0)


def test_year_effects_equal_year_dummies() -> None:
    known = reference("did.jtrain_iid")
    fit = run(dataset("wd_jtrain.csv"), JTRAIN, terms=["grant", "grant_1"], clusters=[])
    assert fit["grant"].estimate == pytest.approx(known["value"], rel=1e-9)
    assert fit["grant"].std_error == pytest.approx(known["se"], rel=1e-9)


def test_minimum_wages_equal_fixest() -> None:
    known = reference("twfe.mpdta")
    fit = run(dataset("mpdta.csv"), MPDTA, terms=["treated"], clusters=["_unit"])
    assert fit["treated"].estimate == pytest.approx(known["value"], rel=known["tolerance"])
    assert fit["treated"].std_error == pytest.approx(known["se"], rel=known["tolerance"])
    assert (fit.n_obs, fit.n_units, fit.n_cells) == (2500, 500, 20)
    assert np.sum(fit.errors.influence**2) == pytest.approx(
        fit.errors.covariance[0, 0] * 499 / 500 * 2494 / 2499, rel=1e-9
    )


def panel(seed: int = 1, n_units: int = 120, n_periods: int = 5, n_clusters: int = 12) -> pd.DataFrame:
    """Persons in clusters; clusters start in period 2, 3 or never; some rows lack the outcome; one person is a singleton."""
    rng = np.random.default_rng(seed)
    unit, period = (axis.ravel() for axis in np.indices((n_units, n_periods)))
    cluster = unit % n_clusters
    start = np.choose(cluster % 3, [2, 3, 99])
    data = pd.DataFrame({"_unit": unit, "_period": period * 2 + 2000, "_cluster": cluster, "region": cluster % 7})
    data["treated"] = (period >= start).astype(float)
    data["_start"] = np.where(start < 99, start * 2.0 + 2000, np.nan)
    data["second"] = ((unit % 4 == 0) & (period % 2 == 1)).astype(float)
    data["_outcome"] = 50 + unit / 9 + np.sin(period) + 0.4 * data.treated + rng.normal(size=len(data))
    data["_outcome"] += rng.normal(size=(n_clusters, n_periods))[cluster, period]
    data["smooth"] = rng.normal(size=len(data)) + data.treated
    data["steady_weight"], data["weight"] = 1 + unit % 5 / 2, rng.integers(1, 4, size=len(data)) / 2
    data.loc[(period == 4) & (unit % 10 == 3), "_outcome"] = np.nan
    data.loc[(unit == 7) & (period > 0), "_outcome"] = np.nan
    return data.sample(frac=1, random_state=seed)


def informative_rows(data: pd.DataFrame, columns: tuple[str, ...] = ("_unit", "_period")) -> pd.DataFrame:
    """Leave out what is alone in its unit or period, again and again, as reghdfe and pyfixest do."""
    data = data.dropna(subset=["_outcome"])
    while True:
        sizes = [data.groupby(column)["_outcome"].transform("size") for column in columns]
        alone = np.any([size == 1 for size in sizes], axis=0)
        if not alone.any():
            return data
        data = data[~alone]


def dummies(
    data: pd.DataFrame, terms: list[str], *, effects: str | None, periods: bool, weight: str | None, by: str | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients and errors of least squares with a dummy for each effect, by statsmodels."""
    data = data.dropna(subset=["_outcome", *terms])
    parts = [data[terms].to_numpy(), np.ones((len(data), 1))]
    columns = ([effects] if effects else []) + (["_period"] if periods else [])
    parts += [pd.get_dummies(data[column], drop_first=True, dtype=float).to_numpy() for column in columns]
    weights = np.ones(len(data)) if weight is None else data[weight].to_numpy()
    model = sm.WLS(data["_outcome"].to_numpy(), np.column_stack(parts), weights=weights)
    fit = model.fit() if by is None else model.fit(cov_type="cluster", cov_kwds={"groups": data[by].to_numpy()})
    return fit.params[: len(terms)], fit.bse[: len(terms)]


@pytest.mark.parametrize("weight", [None, "steady_weight", "weight"])
@pytest.mark.parametrize("by", [None, "_cluster", "_unit"])
@pytest.mark.parametrize("effects", ["_unit", "_cluster", None])
@pytest.mark.parametrize("periods", [True, False])
@pytest.mark.parametrize("terms", [["treated"], ["treated", "second"], ["treated", "smooth"]])
def test_every_design_equals_dummies(
    weight: str | None, by: str | None, effects: str | None, periods: bool, terms: list[str]
) -> None:
    data = panel()
    columns = ", ".join(
        ["_unit", "_period", "_cluster", "_outcome", *terms, *([f"{weight} AS _weight"] if weight else [])]
    )
    fit = run(
        data,
        f"SELECT {columns} FROM data",
        terms=terms,
        effects=effects,
        period_effects=periods,
        clusters=[by] if by else [],
        small_sample="full",
    )
    used = informative_rows(data) if effects == "_unit" else data.dropna(subset=["_outcome"])
    estimates, errors = dummies(used, terms, effects=effects, periods=periods, weight=weight, by=by)
    assert [one.estimate for one in fit.estimates] == pytest.approx(estimates, rel=1e-9)
    assert [one.std_error for one in fit.estimates] == pytest.approx(errors, rel=1e-9)
    assert (fit.n_obs, fit.n_missing_outcome) == (len(used), data["_outcome"].isna().sum())
    assert fit.n_singletons == fit.n_uninformative == (1 if effects == "_unit" else 0)


def test_paths_compress_and_continuous_terms_do_not() -> None:
    data = panel(n_units=1200)
    assert run(data, terms=["treated"]).n_cells < 400
    assert run(data, terms=["treated"], clusters=["_unit"]).n_cells < 100
    assert run(data, terms=["treated", "smooth"]).n_cells == len(informative_rows(data))


def test_influence_and_labels_belong_together() -> None:
    data = panel()
    data["_unit"] = "person " + data["_unit"].astype(str)
    compressed = run(data, terms=["treated"], clusters=["_unit"], small_sample="none")
    apart = run(data.assign(copy=data["_unit"]), terms=["treated"], clusters=["copy"], small_sample="none")
    one, other = (dict(zip(fit.clusters, fit["treated"].influence, strict=True)) for fit in (compressed, apart))
    assert compressed.n_cells < apart.n_cells == apart.n_obs
    assert one == pytest.approx(other, rel=1e-9, abs=1e-13)
    assert np.sqrt(sum(value**2 for value in one.values())) == pytest.approx(compressed["treated"].std_error, rel=1e-12)


@pytest.mark.parametrize("second", ["_period", "region"])
@pytest.mark.parametrize("terms", [["treated", "second"], ["treated", "smooth"]])
def test_two_cluster_columns_add_and_subtract(second: str, terms: list[str]) -> None:
    data = panel(n_periods=9)
    data["both"] = data["_unit"].astype(str) + " " + data[second].astype(str)
    fit = run(data, terms=terms, clusters=["_unit", second], small_sample="none")
    one, two, both = (
        run(data, terms=terms, clusters=[by], small_sample="none").errors.covariance for by in ("_unit", second, "both")
    )
    assert fit.errors.covariance == pytest.approx(one + two - both, rel=1e-9, abs=1e-14)
    assert fit["treated"].df == data[second].nunique() - 1
    assert str(fit["treated"].rule) == "two-way CR0"


def test_two_columns_of_cells_and_the_nested_count() -> None:
    data = panel(n_periods=9)
    fit = run(data, terms=["second"], clusters=["_cluster", "_period"])
    plain = run(data, terms=["second"], clusters=["_cluster", "_period"], small_sample="none")
    n = fit.n_obs
    factor = 9 / 8 * (n - 1) / (n - 2)
    assert fit.errors.covariance == pytest.approx(factor * plain.errors.covariance, rel=1e-12)


def test_rows_may_come_in_any_order_and_pilot_and_units_of_measure_do_not_matter() -> None:
    data = panel()
    base = run(data, terms=["treated"])["treated"]
    other = run(data.sort_values("_outcome").assign(_outcome=data["_outcome"] * 1000 - 7e7), terms=["treated"])[
        "treated"
    ]
    assert other.estimate == pytest.approx(1000 * base.estimate, rel=1e-9)
    assert other.std_error == pytest.approx(1000 * base.std_error, rel=1e-9)


def test_missing_terms_are_counted_apart() -> None:
    data = panel()
    data.loc[data.index[:5], "second"] = np.nan
    fit = run(data, terms=["treated", "second"])
    lost = data["_outcome"].isna()
    assert fit.n_missing_outcome == lost.sum()
    assert fit.n_missing_terms == (~lost & data["second"].isna()).sum()
    assert fit.n_obs == len(informative_rows(data.dropna(subset=["second"])))


def test_odd_names_are_quoted() -> None:
    data = panel().rename(columns={"treated": 'a "b"; DROP TABLE x', "region": "c'd"})
    assert run(data, terms=['a "b"; DROP TABLE x'], clusters=["c'd"]).estimates[0].n_clusters == 7


def changed(**columns: object) -> pd.DataFrame:
    return panel().assign(**columns)


@pytest.mark.parametrize(
    ("data", "options", "reason"),
    [
        (changed(treated=1.0), {}, "treated is 1 in all observations"),
        (panel().assign(treated=lambda d: d["_cluster"] % 2 * 1.0), {}, "never changes within a unit"),
        (panel().assign(treated=lambda d: (d["_period"] > 2004) * 1.0), {}, "nobody is left to compare with"),
        (panel().assign(second=lambda d: 1 - d["treated"]), {"terms": ["treated", "second"]}, "second is a combination of treated"),
        (changed(_cluster=1), {}, "one cluster"),
        (changed(_cluster=1), {"clusters": ["_unit", "_cluster"]}, "one cluster"),
        (panel().query("_period == 2004"), {}, "only one period"),
        (panel().query("_period == 2004"), {"effects": "_cluster"}, "only one period"),
        (pd.concat([panel(), panel().head(3)]), {}, "appears more than once in a period"),
        (pd.concat([panel(), panel()]), {}, "appears more than once in a period"),
        (pd.concat([panel(), panel().head(3)]), {"terms": ["treated", "smooth"]}, "appears more than once in a period"),
        (changed(_outcome=np.nan), {}, "no row has the outcome"),
        (changed(_outcome=0.1), {}, "outcome is the same in all rows"),
        (panel().assign(_outcome=lambda d: d["_outcome"] * 0 + 0.1), {}, "outcome is the same in all rows"),
        (panel().assign(_outcome=lambda d: d["_unit"] / 3), {}, "exactly"),
        (panel().assign(_outcome=lambda d: d["_outcome"].where(d["_unit"] != 5, np.inf)), {}, "infinite"),
        (panel().assign(treated=lambda d: d["treated"].where(d["_unit"] != 5, -np.inf)), {}, "infinite"),
        (panel().assign(_cluster=lambda d: d["_cluster"].where(d["_unit"] != 5).astype("Int64")), {}, "no unit, period, group"),
        (changed(_weight=0.0), {}, "a weight that is not positive"),
        (changed(_weight=np.nan), {}, "a weight that is not positive"),
        (panel().query("_unit < 2 and _period < 2006"), {}, "cannot carry|fit the outcome|one cluster"),
        (panel().query("_cluster in (0, 2, 5, 8)"), {}, "rests on one cluster alone"),
        (panel().query("_unit in (0, 2, 5, 8)"), {"clusters": ["_unit"]}, "rests on one cluster alone"),
        (panel().query("_cluster in (0, 3, 2)"), {"effects": "_cluster"}, "rests on one cluster alone"),
        (
            panel().query("_unit in (0, 2, 5, 8, 14, 17)").assign(arm=lambda d: d["_cluster"] % 3),
            {"effects": "arm", "clusters": ["_unit"]},
            "rests on one cluster alone",
        ),
    ],
)  # fmt: skip
def test_refusals(data: pd.DataFrame, options: dict[str, object], reason: str) -> None:
    with pytest.raises(NotEstimable, match=reason):
        run(data, **{"terms": ["treated"], **options})


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"terms": ["nothing"]}, "no column nothing"),
        ({"terms": []}, "terms must be named"),
        ({"terms": ["treated", "treated"]}, "each once"),
        ({"terms": ["treated"], "clusters": ["_unit", "_cluster", "region"]}, "cluster columns"),
        (
            {"terms": ["treated"], "relation": "SELECT * REPLACE (_period + 0.5 AS _period) FROM data"},
            "must be an integer",
        ),
    ],
)
def test_wrong_calls(options: dict[str, object], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        run(panel(), **options)


def test_event_study_equals_dummies_and_tests_the_leads_together() -> None:
    data = panel()
    relation = (
        "SELECT * REPLACE (CAST((_period - 2000) / 2 AS INTEGER) AS _period, (_start - 2000) / 2 AS _start) FROM data"
    )
    with duckdb.connect() as connection:
        connection.register("data", data)
        events = event_terms(connection, relation)
        frame = connection.execute(events.relation).df()
        fit = panel_effects(connection, events.relation, terms=events.terms, small_sample="full")
    assert events.leads == ("event_minus_3", "event_minus_2")
    assert events.lags == ("event_plus_0", "event_plus_1", "event_plus_2")
    assert frame[list(events.terms)].to_numpy().sum(axis=1).max() == 1
    assert (
        frame.loc[frame["_start"].isna() | (frame["_period"] - frame["_start"] == -1), list(events.terms)]
        .to_numpy()
        .max()
        == 0
    )
    used = informative_rows(frame)
    estimates, errors = dummies(used, list(events.terms), effects="_unit", periods=True, weight=None, by="_cluster")
    assert [one.estimate for one in fit.estimates] == pytest.approx(estimates, rel=1e-9)
    assert [one.std_error for one in fit.estimates] == pytest.approx(errors, rel=1e-9)
    leads = fit.joint(events.leads)
    assert (leads.df1, leads.df2) == (2, 11)
    part = fit.errors.covariance[:2, :2]
    assert leads.statistic == pytest.approx(estimates[:2] @ np.linalg.solve(part, estimates[:2]) / 2, rel=1e-9)


def test_event_times_are_binned_or_refused() -> None:
    data = panel()
    with duckdb.connect() as connection:
        connection.register(
            "data", data.assign(_period=(data["_period"] - 2000) // 2, _start=(data["_start"] - 2000) / 2)
        )
        events = event_terms(connection, "SELECT * FROM data", window=(-2, 1))
        frame = connection.execute(events.relation).df()
        assert events.terms == ("event_minus_2", "event_plus_0", "event_plus_1")
        time = frame["_period"] - frame["_start"]
        assert (frame["event_minus_2"] == (time <= -2)).all()
        assert (frame["event_plus_1"] == (time >= 1)).all()
        for bad in ("_start + 0.5", "NULL::DOUBLE", "0", "_start + 90"):
            with pytest.raises(NotEstimable, match="event times lack"):
                event_terms(connection, f"SELECT * REPLACE ({bad} AS _start) FROM data")
        with pytest.raises(UsageError, match="window"):
            event_terms(connection, "SELECT * FROM data", window=(0, 3))
        treated = event_terms(connection, "SELECT * FROM data WHERE _start IS NOT NULL AND NOT isnan(_start)")
        with pytest.raises(NotEstimable, match="never treated"):
            panel_effects(connection, treated.relation, terms=treated.terms)


def test_paths_whose_hashes_collide_are_told_apart() -> None:
    data = panel()
    with duckdb.connect() as connection:
        connection.register("data", data)
        connection.execute("CREATE TEMP MACRO hash(a, b, c) AS 1::UBIGINT")
        assert connection.execute("SELECT hash(1, 2, 3)").fetchall() == [(1,)]
        fit = panel_effects(connection, "SELECT * FROM data", terms=["treated"])
    apart = run(data, terms=["treated"])
    assert fit.n_cells == fit.n_obs > apart.n_cells
    assert fit["treated"].estimate == pytest.approx(apart["treated"].estimate, rel=1e-12)
    assert fit["treated"].std_error == pytest.approx(apart["treated"].std_error, rel=1e-12)
