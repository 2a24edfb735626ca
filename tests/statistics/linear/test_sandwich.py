"""Robust and clustered errors against R, statsmodels, closed forms and simulations."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from impact.errors import NotEstimable, UsageError
from impact.statistics.linear.least_squares import Fit, fit
from impact.statistics.linear.sandwich import coefficient, contrast, wald_joint
from tests.support.references import dataset, reference

COVARIATES = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]
ALL = ["classical", "HC0", "HC1", "HC2", "HC3", "CR0", "CR1", "CR2", "CR3"]


def _close(found: float, name: str, expected: float) -> None:
    assert found == pytest.approx(expected, rel=reference(name)["tolerance"])


def _nsw(covariates: bool) -> Fit:
    data = dataset("cd_nsw_mixtape.csv")
    names = ["treat", *(COVARIATES if covariates else [])]
    matrix = np.column_stack([np.ones(len(data)), data[names]])
    return fit(data["re78"].to_numpy(dtype=float), matrix, ["constant", *names])


@pytest.mark.parametrize("errors", ["classical", "HC0", "HC1", "HC2", "HC3"])
def test_nsw_difference_agrees_with_r(errors: str) -> None:
    name = "rct.nsw_" + ("ols" if errors == "classical" else errors)
    found = coefficient(_nsw(False), "treat", errors=errors)
    _close(found.estimate, name, reference(name)["value"])
    _close(found.std_error, name, reference(name)["se"])
    assert (found.df, found.n_clusters, str(found.rule)) == (443, None, errors)


@pytest.mark.parametrize("errors", ["HC1", "HC2", "HC3"])
def test_nsw_ancova_agrees_with_r(errors: str) -> None:
    name = "rct.nsw_ancova_" + errors
    found = coefficient(_nsw(True), "treat", errors=errors)
    _close(found.estimate, name, reference(name)["value"])
    _close(found.std_error, name, reference(name)["se"])


def test_nsw_joint_balance_agrees_with_r() -> None:
    data = dataset("cd_nsw_mixtape.csv")
    matrix = np.column_stack([np.ones(len(data)), data[COVARIATES]])
    fitted = fit(data["treat"].to_numpy(dtype=float), matrix, ["constant", *COVARIATES])
    found, extra = wald_joint(fitted, COVARIATES, errors="classical"), reference("rct.nsw_balanceF")["extra"]
    _close(found.statistic, "rct.nsw_balanceF", extra["F"])
    _close(found.p_value, "rct.nsw_balanceF", extra["p"])
    assert (found.df1, found.df2) == (extra["df1"], extra["df2"])


def test_petersen_agrees_with_r(subtests: pytest.Subtests) -> None:
    data = dataset("PetersenCL.csv")
    fitted = fit(data["y"].to_numpy(), np.column_stack([np.ones(len(data)), data["x"]]), ["constant", "x"])
    rules = {"HC1": ([], 4998), "firm": (["firm"], 499), "year": (["year"], 9), "two": (["firm", "year"], 9)}
    for name, (columns, df) in rules.items():
        with subtests.test(name):
            clusters = [data[column].to_numpy() for column in columns]
            found = coefficient(fitted, "x", errors="CR1" if columns else "HC1", clusters=clusters)
            _close(found.std_error, "petersen." + name, reference("petersen." + name)["se"])
            assert found.df == df
            assert str(found.rule) == {"two": "CR1 two-way", "HC1": "HC1"}.get(name, "CR1")


@pytest.mark.parametrize(("name", "errors"), [("iid", "classical"), ("cluster_full", "CR1"), ("cluster_noadj", "CR0")])
def test_jtrain_with_firm_dummies_agrees_with_fixest(name: str, errors: str) -> None:
    terms = ["d88", "d89", "grant", "grant_1"]
    data = dataset("wd_jtrain.csv")[["lscrap", "fcode", *terms]].dropna()
    firms, codes = np.unique(data["fcode"], return_inverse=True)
    names = [*terms, *(f"firm {firm}" for firm in firms)]
    matrix = np.column_stack([data[terms], np.eye(len(firms))[codes]])
    fitted = fit(data["lscrap"].to_numpy(), matrix, names)
    found = coefficient(fitted, "grant", errors=errors, clusters=[codes] if errors[0] == "C" else [])
    _close(found.estimate, "did.jtrain_" + name, reference("did.jtrain_" + name)["value"])
    _close(found.std_error, "did.jtrain_" + name, reference("did.jtrain_" + name)["se"])


# Made with R 4.5.2 and clubSandwich 0.7.0 (vcovCR type CR2 on lm; df from coef_test), from the file
# benchmarks/data/clubsandwich_cr2_golden.json of https://github.com/igerber/diff-diff (MIT). The data are invented.
SMALL = {
    "x": [
        0.3721983763389289,
        0.04382481542415917,
        0.7096840182784945,
        0.6576903965324163,
        0.2498557232320309,
        0.3000548330601305,
        0.5848666259553283,
        0.3334671433549374,
        0.6220119637437165,
        0.5458285543136299,
        0.8797957301139832,
        0.7068747407756746,
        0.7319725945126265,
        0.9316344279795885,
        0.4551205944735557,
        0.5903197291772813,
        0.8204360948875546,
        0.2241184804588556,
        0.4116668293718249,
        0.03861056081950665,
        0.7007115453016013,
        0.9568374615628272,
        0.2133520019706339,
        0.6610615001991391,
        0.9233188820071518,
        0.7957197614014149,
        0.07121255435049534,
        0.3894077676814049,
        0.4064512162003666,
        0.6593550781253725,
    ],
    "y": [
        1.05667907248243,
        1.066947846044605,
        1.204576917404174,
        0.9393918637932542,
        1.177146043692329,
        0.7712803978302757,
        0.9609694640137826,
        0.7179921799716888,
        0.9795764040580304,
        0.9476640198770669,
        1.19400793499814,
        0.9843903995036551,
        1.596792196243911,
        1.080428664799787,
        1.494763722918098,
        1.179517769839397,
        1.473047550838304,
        1.325359020870347,
        0.4626772743433495,
        0.7001639163946355,
        1.038012356684575,
        1.221226309323235,
        0.2339753492538406,
        0.8297946161223602,
        0.2154287997879057,
        0.4532916275621509,
        0.1242393529242412,
        0.02833331953496379,
        0.1200535751172539,
        0.007748016921758638,
    ],
    "cluster": [1] * 6 + [2] * 6 + [3] * 6 + [4] * 6 + [5] * 6,
    "se": [0.05521248306042478**0.5, 0.06774697283981687**0.5],
    "df": [3.212621630843576, 3.575881216615637],
}
ONE_WAY = {
    "x": [-1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, -0.8, 0.3, 1.2, -1.2],
    "z": [0.2, -0.3, 0.5, -0.1, 0.4, -0.5, 0.6, -0.2, 0.1, -0.4, 0.3, 0.5],
    "y": [
        0.2545059828412936,
        -0.1144214115246267,
        1.146998198838752,
        1.147491940047105,
        0.9038865036585249,
        1.664890628059604,
        1.411754645520116,
        2.074412325055902,
        0.8402019123424249,
        1.459015848932287,
        2.7274111498635,
        0.5134875755019385,
    ],
    "weights": [0.5, 0.5, 1, 1, 1.5, 1.5, 2, 2, 2.5, 2.5, 3, 3],
    "cluster": list(range(12)),
    "se": [0.09783908408264023, 0.1774700807630057, 0.4542143779448093],
    "df": [3.658586186556956, 3.561535732786126, 3.928984857847434],
}
WEIGHTED = {
    "x": [
        0.497895572432374,
        3.057554937847414,
        0.09630395091262728,
        -0.07778318241031754,
        0.5816582621663493,
        -0.3081382740520117,
        2.203136894152622,
        0.8596865967942998,
        0.2174670944191681,
        1.890925141897248,
        0.1344365697571656,
        -0.2921761276470969,
        -0.8216067859357986,
        0.5112934456463226,
        0.458616529105074,
        0.5233128561706929,
        0.1393071599926687,
        -0.5734864092098354,
        1.578061262433531,
        0.2114937713637269,
    ],
    "z": [
        -1.359626052778771,
        0.5490960321585909,
        0.5110071736099511,
        -2.864598979682063,
        1.794791481107389,
        -0.8651280993421233,
        1.448882473708593,
        -0.3803030228705687,
        -0.9326874819641782,
        -1.085533200150278,
        -2.113648483781554,
        0.5871210183367245,
        0.3746077099297441,
        0.8034274985900017,
        0.4828186801609228,
        0.8165790679562114,
        -1.557754016772785,
        -0.5242799147266215,
        -2.241211750510999,
        -0.5650840273052196,
    ],
    "y": [
        1.295300424563947,
        2.066123563746261,
        1.168329348504406,
        0.1926345471429525,
        2.194972700001895,
        -0.3623503987260962,
        1.880593242273413,
        1.943056744348266,
        0.2096603116088021,
        2.393988591298549,
        0.5523416291655595,
        0.7891371689743394,
        0.9166692744371431,
        1.40538687248714,
        2.642127100647723,
        1.44267784237531,
        1.583671308145638,
        0.6456033271397608,
        0.8525389070327165,
        1.084058989209185,
    ],
    "weights": [
        0.9752403678139672,
        1.453358756378293,
        1.994948330218904,
        2.848997579538263,
        2.518879582174122,
        1.228916482185014,
        1.902456686482765,
        2.709635726176202,
        2.496082805562764,
        2.087121451739222,
        0.5264923868235201,
        2.929599115857854,
        2.0987546404358,
        2.444028527941555,
        1.999268490588292,
        1.648351823212579,
        1.685008906177245,
        1.581653047003783,
        1.442831613938324,
        2.990091201034375,
    ],
    "cluster": [1] * 5 + [2] * 5 + [3] * 5 + [4] * 5,
    "se": [0.101804248895188, 0.119914552903448, 0.05342519419764222],
    "df": [2.314748612075773, 2.614469013815373, 1.872252930587907],
}
PANEL_Y = [
    0.8675660610026393,
    1.974964371815635,
    0.6262455759968815,
    0.4250911204896504,
    0.01746049540615028,
    1.285747228403441,
    0.3303840020024503,
    -0.5671521618639435,
    -0.1142677095292809,
    0.2383353498523538,
    -0.9019587987113207,
    -0.7061707682056644,
    -0.6157969345539587,
    -0.2881843268354549,
    -0.8240764992194235,
    -1.200211068425945,
    -1.671803432337748,
    1.089318887196633,
    0.5606170281167306,
    -0.7090977528526379,
    1.811753709724553,
    4.592189277336034,
    3.604625926706315,
    3.458451392091618,
    -1.216703112388791,
    1.963130563935098,
    1.026428163741928,
    0.01788553114847297,
    0.3145236664361374,
    3.957995942075363,
    2.327538808912606,
    2.632995686497729,
]


@pytest.mark.parametrize("case", [SMALL, ONE_WAY, WEIGHTED])
def test_cr2_agrees_with_clubsandwich(case: dict[str, list[float]]) -> None:
    names = ["constant", *(name for name in ("x", "z") if name in case)]
    matrix = np.column_stack([np.ones(len(case["y"])), *(case[name] for name in names[1:])])
    weights = np.array(case["weights"]) if "weights" in case else None
    fitted = fit(np.array(case["y"]), matrix, names, weights=weights)
    found = [coefficient(fitted, name, errors="CR2", clusters=[np.array(case["cluster"])]) for name in names]
    assert [one.std_error for one in found] == pytest.approx(case["se"], rel=1e-11)
    assert [one.df for one in found] == pytest.approx(case["df"], rel=1e-11)


def _panel() -> Fit:
    unit, period = np.repeat(np.arange(8), 4), np.tile(np.arange(4), 8)
    treated = ((unit >= 4) & (period >= 1)).astype(float)
    matrix = np.column_stack([np.ones(32), treated, np.eye(8)[unit][:, 1:], np.eye(4)[period][:, 1:]])
    names = ["constant", "treated", *(f"unit {u}" for u in range(1, 8)), *(f"period {p}" for p in range(1, 4))]
    return fit(np.array(PANEL_Y), matrix, names)


def test_cr2_with_unit_dummies_agrees_with_clubsandwich() -> None:
    """Each unit's dummy makes its block singular, so that the pseudo-inverse is at work."""
    found = coefficient(_panel(), "treated", errors="CR2", clusters=[np.repeat(np.arange(8), 4)])
    assert found.estimate == pytest.approx(2.240053222690117, rel=1e-12)
    assert found.std_error == pytest.approx(0.04493732438638597**0.5, rel=1e-11)
    alone = coefficient(_panel(), "treated", errors="CR2", clusters=[np.arange(32)])
    assert alone.std_error == pytest.approx(0.05093938388325554**0.5, rel=1e-11)
    assert alone.df == pytest.approx(9.658291457286458, rel=1e-11)
    assert coefficient(_panel(), "treated", errors="HC2").std_error == pytest.approx(
        0.05093938388325538**0.5, rel=1e-11
    )


def _clustered(seed: int = 5, n: int = 120, groups: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    codes = np.sort(rng.integers(0, groups, n))
    codes[:groups] = np.arange(groups)
    x = np.column_stack([np.ones(n), rng.normal(size=(n, 3)) + rng.normal(size=(groups, 3))[codes]])
    y = x @ [1, 0.5, 0, 0] + rng.normal(size=n) + rng.normal(size=groups)[codes]
    return y, x, codes, rng.uniform(0.5, 3, n)


NAMES = ["constant", "x1", "x2", "x3"]


def _by_hand(fitted: Fit, codes: np.ndarray, picks: np.ndarray) -> tuple[np.ndarray, float]:
    """CR2 covariance and η from full n × n matrices, as printed in Pustejovsky and Tipton (2018)."""
    x, w, bread = fitted.matrix, np.diag(fitted.weights), fitted.bread
    left = np.eye(fitted.n) - x @ bread @ x.T @ w
    middle, parts, scores = left @ left.T, [], []
    for g in np.unique(codes):
        rows = codes == g
        values, vectors = np.linalg.eigh(middle[np.ix_(rows, rows)])
        root = vectors @ np.diag([v**-0.5 if v > 1e-9 else 0 for v in values]) @ vectors.T
        part = picks @ bread @ x[rows].T @ w[np.ix_(rows, rows)] @ root
        scores.append(part @ fitted.residuals[rows])
        parts.append(part @ left[rows])
    omega = picks @ bread @ x.T @ w @ w @ x @ bread @ picks.T
    scale = np.linalg.inv(np.linalg.cholesky(omega))
    parts = [scale @ part for part in parts]
    q, total = len(picks), 0.0
    for one, other in itertools.product(parts, parts):
        block = one @ other.T
        total += np.trace(block) ** 2 + np.trace(block @ block)
    return np.array(scores).T @ np.array(scores), q * (q + 1) / total


@pytest.mark.parametrize("weighted", [False, True])
def test_cr2_and_htz_agree_with_full_matrices(weighted: bool) -> None:
    y, x, codes, w = _clustered()
    fitted = fit(y, x, NAMES, weights=w if weighted else None)
    for q in (1, 3):
        picks = fitted.selector(NAMES[1 : 1 + q])
        variance, eta = _by_hand(fitted, codes, picks)
        b = picks @ fitted.params
        found = wald_joint(fitted, NAMES[1 : 1 + q], errors="CR2", clusters=[codes])
        assert found.df2 == pytest.approx(eta - q + 1, rel=1e-9)
        assert found.statistic == pytest.approx(b @ np.linalg.solve(variance, b) * (eta - q + 1) / (eta * q), rel=1e-9)
    one = coefficient(fitted, "x1", errors="CR2", clusters=[codes])
    test = wald_joint(fitted, ["x1"], errors="CR2", clusters=[codes])
    assert (test.df2, test.p_value) == pytest.approx((one.df, one.p_value), rel=1e-9)


def test_cr2_is_unbiased_under_its_working_model() -> None:
    y, x, codes, w = _clustered()
    fitted = fit(y, x, NAMES, weights=w)
    left = np.eye(fitted.n) - x @ fitted.bread @ x.T * w
    mean = sum(
        coefficient(replace(fitted, residuals=column), "x1", errors="CR2", clusters=[codes]).std_error ** 2
        for column in left.T
    )
    assert mean == pytest.approx(fitted.bread[1] @ (x.T * w**2) @ x @ fitted.bread[1], rel=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("errors", ["HC0", "HC1", "HC2", "HC3", "CR1"])
def test_agrees_with_statsmodels(errors: str, weighted: bool) -> None:
    y, x, codes, w = _clustered()
    model = sm.WLS(y, x, weights=w) if weighted else sm.OLS(y, x)
    clusters = [codes] if errors == "CR1" else []
    keywords = {"cov_kwds": {"groups": codes}} if clusters else {}
    theirs = model.fit(cov_type="cluster" if clusters else errors, use_t=True, **keywords)
    fitted = fit(y, x, NAMES, weights=w if weighted else None)
    found = coefficient(fitted, "x1", errors=errors, clusters=clusters)
    assert (found.estimate, found.std_error, found.p_value) == pytest.approx(
        (theirs.params[1], theirs.bse[1], theirs.pvalues[1]), rel=1e-10
    )
    assert (found.conf_low, found.conf_high) == pytest.approx(tuple(theirs.conf_int()[1]), rel=1e-9)
    joint = theirs.f_test(np.eye(4)[1:])
    ours = wald_joint(fitted, NAMES[1:], errors=errors, clusters=clusters)
    assert (ours.statistic, ours.p_value, ours.df2) == pytest.approx(
        (joint.fvalue, joint.pvalue, joint.df_denom), rel=1e-9
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_cr3_is_the_jackknife(weighted: bool) -> None:
    y, x, codes, w = _clustered()
    w = w if weighted else np.ones_like(w)
    fitted = fit(y, x, NAMES, weights=w)
    without = np.array([fit(y[codes != g], x[codes != g], NAMES, weights=w[codes != g]).params for g in range(12)])
    found = coefficient(fitted, "x2", errors="CR3", clusters=[codes])
    assert found.std_error == pytest.approx(np.sum((without[:, 2] - fitted.params[2]) ** 2) ** 0.5, rel=1e-10)


@pytest.mark.parametrize(("clustered", "plain"), [("CR0", "HC0"), ("CR1", "HC1"), ("CR2", "HC2"), ("CR3", "HC3")])
def test_clusters_of_one_give_the_plain_rule(clustered: str, plain: str) -> None:
    y, x, _, _ = _clustered()
    fitted = fit(y, x, NAMES)
    one = coefficient(fitted, "x1", errors=clustered, clusters=[np.arange(120)])
    assert one.std_error == pytest.approx(coefficient(fitted, "x1", errors=plain).std_error, rel=1e-10)


@pytest.mark.parametrize("errors", ALL)
def test_row_order_units_and_labels_do_not_matter(errors: str) -> None:
    y, x, codes, w = _clustered()
    order = np.random.default_rng(1).permutation(120)
    labels = np.array([f"village {c}" for c in codes], dtype=object)
    clustered = errors.startswith("CR")
    base = coefficient(fit(y, x, NAMES, weights=w), "x1", errors=errors, clusters=[codes] if clustered else [])
    moved = fit(1000 * y[order], x[order] * [1, 0.01, 1, 50], NAMES, weights=9 * w[order])
    other = coefficient(moved, "x1", errors=errors, clusters=[labels[order]] if clustered else [])
    assert (other.std_error, other.df, other.p_value) == pytest.approx(
        (1e5 * base.std_error, base.df, base.p_value), rel=1e-8
    )


@pytest.mark.parametrize("errors", ["HC2", "CR1", "CR2", "CR3"])
def test_a_contrast_is_the_coefficient_of_another_coding(errors: str) -> None:
    """With x2 replaced by x2 − x1, the coefficient of x1 is b1 + b2."""
    y, x, codes, _ = _clustered()
    clusters = [codes] if errors[0] == "C" else []
    recoded = np.column_stack([x[:, 0], x[:, 1], x[:, 2] - x[:, 1], x[:, 3]])
    one = coefficient(fit(y, recoded, NAMES), "x1", errors=errors, clusters=clusters)
    two = contrast(fit(y, x, NAMES), np.array([0.0, 1, 1, 0]), errors=errors, clusters=clusters)
    assert (one.estimate, one.std_error, one.df) == pytest.approx((two.estimate, two.std_error, two.df), rel=1e-9)


def test_two_way_with_the_same_clusters_twice_is_one_way() -> None:
    y, x, codes, _ = _clustered()
    fitted = fit(y, x, NAMES)
    one = coefficient(fitted, "x1", errors="CR1", clusters=[codes])
    two = coefficient(fitted, "x1", errors="CR1", clusters=[codes, codes])
    assert two.std_error == pytest.approx(one.std_error, rel=1e-10)
    assert str(two.rule) == "CR1 two-way"


def _one_treated_cluster() -> tuple[Fit, np.ndarray]:
    rng = np.random.default_rng(2)
    codes = np.repeat(np.arange(8), 10)
    x = np.column_stack([np.ones(80), codes == 3]).astype(float)
    return fit(rng.normal(size=80), x, ["constant", "treated"]), codes


@pytest.mark.parametrize("errors", ["CR0", "CR1", "CR2", "CR3"])
def test_refuses_one_treated_cluster(errors: str) -> None:
    fitted, codes = _one_treated_cluster()
    with pytest.raises(NotEstimable, match="rests on one cluster alone"):
        coefficient(fitted, "treated", errors=errors, clusters=[codes])
    with pytest.raises(NotEstimable, match="rests on one cluster alone"):
        wald_joint(fitted, ["treated"], errors=errors, clusters=[codes])


@pytest.mark.parametrize("errors", ["HC0", "HC1", "HC2", "HC3"])
def test_refuses_one_treated_unit_but_not_for_other_terms(errors: str) -> None:
    rng = np.random.default_rng(2)
    x = np.column_stack([np.ones(30), np.arange(30) == 4, rng.normal(size=30)]).astype(float)
    y = rng.normal(size=30)
    fitted = fit(y, x, ["constant", "treated", "x"])
    with pytest.raises(NotEstimable, match="rests on one observation alone"):
        coefficient(fitted, "treated", errors=errors)
    rest = np.arange(30) != 4
    without = coefficient(fit(y[rest], x[rest][:, [0, 2]], ["constant", "x"]), "x", errors="HC2").std_error
    if errors == "HC2":
        assert coefficient(fitted, "x", errors=errors).std_error == pytest.approx(without, rel=1e-9)
    assert coefficient(fitted, "treated", errors="classical").std_error > 0


def test_refusals() -> None:
    y, x, codes, _ = _clustered()
    fitted = fit(y, x, NAMES)
    missing = np.where(codes == 3, np.nan, codes)
    with pytest.raises(NotEstimable, match="some units have no"):
        coefficient(fitted, "x1", errors="CR1", clusters=[missing])
    with pytest.raises(NotEstimable, match="all observations lie in one cluster"):
        coefficient(fitted, "x1", errors="CR1", clusters=[np.zeros(120)])
    with pytest.raises(NotEstimable, match="fit the outcome exactly"):
        coefficient(fit(x @ [1.0, 2, 3, 4], x, NAMES), "x1", errors="HC1")
    with pytest.raises(NotEstimable, match="fit the outcome exactly"):
        wald_joint(fit(np.full(120, 0.1), x, NAMES), ["x1"], errors="HC1")
    with pytest.raises(NotEstimable, match="no inverse"):
        wald_joint(fitted, NAMES[1:], errors="CR1", clusters=[codes % 3])
    with pytest.raises(NotEstimable, match="no inverse"):
        wald_joint(fitted, NAMES[1:], errors="CR2", clusters=[codes % 2])


def test_refuses_a_two_way_variance_that_is_not_positive() -> None:
    """Errors that cancel within rows and within columns of a table leave V₁ + V₂ − V₁₂ negative."""
    rows, columns = np.repeat(np.arange(6), 6), np.tile(np.arange(6), 6)
    y = np.where((rows + columns) % 2 == 0, 1.0, -1.0)
    fitted = fit(y, np.ones((36, 1)), ["constant"])
    with pytest.raises(NotEstimable, match="two-way clustered variance is not positive"):
        coefficient(fitted, "constant", errors="CR1", clusters=[rows, columns])


@pytest.mark.parametrize(
    ("errors", "ways"), [("HC4", 0), ("HC2", 1), ("CR1", 0), ("CR2", 2), ("CR1", 3), ("classical", 1)]
)
def test_refuses_a_wrong_call(errors: str, ways: int) -> None:
    y, x, codes, _ = _clustered()
    with pytest.raises(UsageError):
        coefficient(fit(y, x, NAMES), "x1", errors=errors, clusters=[codes] * ways)


def test_refuses_wrong_labels_or_terms() -> None:
    y, x, codes, _ = _clustered()
    with pytest.raises(UsageError, match="labels have shape"):
        coefficient(fit(y, x, NAMES), "x1", errors="CR1", clusters=[codes[1:]])
    with pytest.raises(UsageError, match="of one kind"):
        coefficient(fit(y, x, NAMES), "x1", errors="CR1", clusters=[np.where(codes == 1, "a", codes.astype(object))])
    for names in ([], ["x1", "x1"], ["z"]):
        with pytest.raises(UsageError):
            wald_joint(fit(y, x, NAMES), names, errors="HC1")


def _cluster_trial(rng: np.random.Generator, errors: str) -> bool:
    """One cluster trial: 10 clusters of 5 to 50 units, 5 treated, outcomes correlated within clusters."""
    sizes = np.array([5, 8, 10, 12, 15, 20, 25, 30, 40, 50])
    codes = np.repeat(np.arange(10), sizes)
    treated = rng.permutation(np.repeat([0.0, 1.0], 5))[codes]
    y = 0.3 * treated + rng.normal(size=10)[codes] * 0.4 + rng.normal(size=len(codes))
    fitted = fit(y, np.column_stack([np.ones(len(codes)), treated]), ["constant", "treated"])
    found = coefficient(fitted, "treated", errors=errors, clusters=[codes] if errors[0] == "C" else [])
    return found.conf_low <= 0.3 <= found.conf_high


def _coverage(errors: str, times: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    return float(np.mean([_cluster_trial(rng, errors) for _ in range(times)]))


def test_cr2_covers_in_a_small_sample_of_trials() -> None:
    assert _coverage("CR2", 150, seed=3) >= 0.9


@pytest.mark.slow
def test_cr2_covers_with_ten_unequal_clusters() -> None:
    assert 0.93 <= _coverage("CR2", 3000, seed=11) <= 0.97


@pytest.mark.slow
def test_errors_that_ignore_clusters_do_not_cover() -> None:
    assert _coverage("HC2", 1000, seed=11) < 0.85


@pytest.mark.slow
def test_hc2_covers_with_unequal_variances() -> None:
    rng, times, n = np.random.default_rng(21), 4000, 60
    treated = np.repeat([0.0, 1.0], [40, 20])
    x = np.column_stack([np.ones(n), treated])
    hits = 0
    for _ in range(times):
        y = 1 + 0.5 * treated + rng.normal(size=n) * np.where(treated == 1, 1.5, 1.0)
        found = coefficient(fit(y, x, ["constant", "treated"]), "treated", errors="HC2")
        hits += found.conf_low <= 0.5 <= found.conf_high
    assert 0.93 <= hits / times <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(("errors", "most"), [("CR2", 0.06), ("HC1", 0.07)])
def test_the_joint_test_holds_its_level(errors: str, most: float) -> None:
    rng, times, rejected = np.random.default_rng(31), 1500, 0
    codes = np.repeat(np.arange(20), 10)
    for _ in range(times):
        shared = 0.5 if errors == "CR2" else 0.0
        x = np.column_stack([np.ones(200), rng.normal(size=(200, 3)) + shared * rng.normal(size=(20, 3))[codes]])
        y = rng.normal(size=200) + shared * rng.normal(size=20)[codes]
        test = wald_joint(fit(y, x, NAMES), NAMES[1:], errors=errors, clusters=[codes] if errors == "CR2" else [])
        rejected += test.p_value <= 0.05
    assert rejected / times <= most
