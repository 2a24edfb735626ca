"""How often 95 % intervals hold the truth where a method is known to fall short: the numbers of the method notes.

``python benchmarks/coverage.py [--draws 1000] [SECTION …]`` prints one section per topic: series, matching,
discontinuity, synthetic, imputation, networks, scaling, assignment. Seeded; worlds are those of the tests, which hold
the same numbers within bounds.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import pandas as pd
from statsmodels.imputation.mice import MICEData

from impact.statistics.core import t_quantile
from impact.statistics.observational.matching import nearest
from impact.statistics.observational.strata import subclassify
from impact.statistics.surveys.imputation import multiply_impute, pool
from impact.statistics.synthetic.difference import synthetic_did
from tests.estimate.test_assignment_unit import claims
from tests.statistics.discontinuity.test_jump import coverage_of_model
from tests.statistics.networks.test_inference import _coverage as network_coverage
from tests.statistics.networks.test_inference import _rejections as network_rejections
from tests.statistics.observational.test_matching import world
from tests.statistics.series.test_segmented import coverage
from tests.statistics.surveys.test_imputation import incomplete
from tests.statistics.synthetic.test_control import panel
from tests.statistics.test_scaling import contribution

FILLINGS = 10


def series(draws: int) -> None:
    for periods in (48, 120, 400):
        shares = {rule: coverage(draws, n=periods, phi=0.5, errors=rule) for rule in ("ar1", "newey_west", "classical")}
        print(f"  {periods:>4} periods", *(f"{rule} {share:.1%}" for rule, share in shares.items()), sep="  ")


def matching(draws: int) -> None:
    kinds: dict[str, Callable[..., object]] = {}
    for replacement in (False, True):
        for adjust in (False, True):
            words = f"{'with' if replacement else 'without'} replacement{', bias-adjusted' if adjust else ''}"
            kinds[words] = lambda y, t, x, r=replacement, a=adjust: nearest(
                y, t, x, ["a", "b"], key=np.arange(len(y)), replacement=r, adjust=a
            )
    kinds["five subclasses"] = lambda y, t, x: subclassify(y, t, x, ["a", "b"])
    for n in (500, 1000):
        hits = dict.fromkeys(kinds, 0)
        rng = np.random.default_rng(11)
        for _ in range(draws):
            drawn = world(n, 1.0, rng)
            for words, match in kinds.items():
                found = match(*drawn).estimate
                hits[words] += found.conf_low <= 1 <= found.conf_high
        for words, count in hits.items():
            print(f"  {n:>4} persons  {words:<38} {count / draws:.1%}")


def discontinuity(draws: int) -> None:
    for n in (1000, 8000):
        for selection in ("mserd", "cerrd"):
            shares = [coverage_of_model(model, n, draws, selection=selection)[0] for model in (1, 2, 3)]
            print(f"  n = {n:>4} {selection}", *(f"model {m} {s:.1%}" for m, s in enumerate(shares, 1)), sep="  ")


def synthetic(draws: int) -> None:
    rng, donors = np.random.default_rng(12), 19
    found = [synthetic_did(panel(rng, units=donors + 1), 0, 20).effect for _ in range(draws)]
    statistics = np.abs([one.statistic for one in found])
    rejected = {
        "normal": np.mean(statistics > t_quantile(0.975, np.inf)),
        "t": np.mean(statistics > t_quantile(0.975, donors - 1)),
    }
    print(
        f"  {donors} donors, no effect: rejected by",
        *(f"{name} {share:.1%}" for name, share in rejected.items()),
        sep="  ",
    )


def imputation(draws: int) -> None:
    hits, bias = {}, {}
    for step in range(draws):
        frame = incomplete(step)[0][["x", "y"]]
        fillings = {"normal draws": multiply_impute(frame, rng=np.random.default_rng(step), draws=FILLINGS, cycles=5)}
        for donors in (20, 5):
            fillings[f"statsmodels MICE, {donors} donors"] = _matched(frame, step, donors)
        for words, frames in fillings.items():
            values = np.array([filled["y"] for filled in frames])
            pooled = pool(
                values.mean(axis=1), values.var(axis=1, ddof=1) / len(frame), len(frame) - 1, n_obs=len(frame)
            )
            hits[words] = hits.get(words, 0) + (pooled.conf_low <= 1 <= pooled.conf_high)
            bias[words] = bias.get(words, 0.0) + pooled.estimate - 1
    for words, count in hits.items():
        print(f"  {words:<32} covers {count / draws:.1%}, bias {bias[words] / draws:+.3f}")


def _matched(frame: pd.DataFrame, seed: int, donors: int) -> list[pd.DataFrame]:
    """Fill by statsmodels' predictive mean matching, which draws from numpy's global state."""
    state = np.random.get_state()
    np.random.seed(seed)
    data = MICEData(frame.copy(), k_pmm=donors)
    frames = []
    for _ in range(FILLINGS):
        data.update_all(5)
        frames.append(data.data.copy())
    np.random.set_state(state)
    return frames


def networks(draws: int) -> None:
    for words, spread, shock in (("bodies alike", 0.0, 0.0), ("bodies differ", 0.8, 1.0)):
        for name in ("density", "reciprocity", "transitivity", "degree_centralisation"):
            level, change = network_coverage(name, spread, shock, draws)
            print(f"  {words:<14} {name:<22} level {level:.1%}  change {change:.1%}")
    for words, shock in (("single dyads change", 0.0), ("bodies are shocked", 1.0)):
        swaps, bodies = network_rejections(shock, draws)
        print(f"  no change, {words}: rejected by swaps {swaps:.1%}, by drawn bodies {bodies:.1%}")


def scaling(draws: int) -> None:
    rng = np.random.default_rng(3)
    held = [low <= truth <= high for low, high, truth in (contribution(rng) for _ in range(draws))]
    print(f"  contribution to a territory, groups that share 40 clusters: {np.mean(held):.2%}")


def assignment(draws: int) -> None:
    """Placebo programmes assigned by village and declared without cluster: claims made though nothing happened."""
    for villages in (6, 10, 30):
        for kind, (rows, said) in claims(villages, draws).items():
            print(f"  {villages:>2} villages  {kind:<10}  clear by rows {rows:.1%}  claimed {said:.1%}")


SECTIONS = {
    f.__name__: f for f in (series, matching, discontinuity, synthetic, imputation, networks, scaling, assignment)
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("sections", nargs="*", choices=[[], *SECTIONS], default=[])
    options = parser.parse_args()
    for chosen in options.sections or SECTIONS:
        print(f"{chosen}, {options.draws} draws", flush=True)
        SECTIONS[chosen](options.draws)
