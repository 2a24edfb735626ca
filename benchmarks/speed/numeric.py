"""Match, draw assignments again, and suppress: the numbers that take long where there are many units or cells.

Beside matching stands a search for the nearest without more; beside the randomisation test the same sums by shuffling
in numpy, for a hundredth of the draws; suppression grows against itself.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.work import ENGINE, Task, Work

DRAWS, SHUFFLED = 9_999, 99
MINIMUM = 10
NAMES = ("a", "b", "c")
FILE = "units.npz"


def write_units(folder: Path, size: int) -> None:
    """Write units of which a quarter is treated, rather those with a high first covariate."""
    rng = np.random.default_rng(1)
    covariates = rng.normal(size=(size, len(NAMES)))
    chance = 1 / (1 + np.exp(1.2 - covariates @ [0.5, -0.4, 0.2]))
    treated = (rng.random(size) < chance).astype(float)
    outcome = treated + covariates @ [1, 0.5, 0.2] + rng.normal(size=size)
    np.savez(folder / FILE, covariates=covariates, treated=treated, outcome=outcome)


def _units(folder: Path) -> tuple[Any, Any, Any]:
    units = np.load(folder / FILE)
    return units["outcome"], units["treated"], units["covariates"]


def matched(options: dict[str, Any], folder: Path, size: int) -> Task:
    from impact.statistics.observational import nearest  # noqa: PLC0415 - its imports are not the peer's

    outcome, treated, covariates = _units(folder)
    return lambda: nearest(outcome, treated, covariates, NAMES, key=np.arange(size), **options)


def matched_by_tree(folder: Path, _: int) -> Task:
    from scipy.spatial import KDTree  # noqa: PLC0415

    _, treated, covariates = _units(folder)
    arm = treated == 1
    return lambda: KDTree(covariates[~arm]).query(covariates[arm], k=2)


def drawn_again(adjusted: bool, folder: Path, _: int) -> Task:
    from impact.statistics.experiments import randomisation_test  # noqa: PLC0415

    outcome, treated, covariates = _units(folder)
    controls = covariates if adjusted else None
    rng = np.random.default_rng(1)
    return lambda: randomisation_test(outcome, treated, covariates=controls, draws=DRAWS, rng=rng)


def shuffled(folder: Path, _: int) -> Task:
    outcome, treated, _ = _units(folder)
    rng, columns = np.random.default_rng(1), np.column_stack([outcome, outcome**2])
    return lambda: [rng.permutation(treated) @ columns for _ in range(SHUFFLED)]


def suppressed(arms: tuple[str, ...], _: Path, size: int) -> Task:
    from impact.statistics.suppression import suppress  # noqa: PLC0415

    table = _table(size, arms)
    return lambda: suppress(table, MINIMUM)


def _table(size: int, arms: tuple[str, ...]) -> Any:
    """Return about so many cells: towns of provinces of regions in each arm, and how many of each said yes."""
    from impact.publish.totals import Contents, cell_table  # noqa: PLC0415

    rng = np.random.default_rng(1)
    towns = int(size / len(arms) / 1.11)
    provinces, regions = towns // 10, towns // 100 + 1
    of_town, of_province = rng.integers(0, provinces, towns), rng.integers(0, regions, provinces)
    above = {("place", f"t{town}"): [("place", f"p{province}")] for town, province in enumerate(of_town)}
    above |= {("place", f"p{province}"): [("place", f"r{region}")] for province, region in enumerate(of_province)}
    levels = {"t": towns, "p": provinces, "r": regions}
    names = [("place", f"{kind}{code}") for kind, n in levels.items() for code in range(n)]

    def cells(of_towns: Any) -> Any:
        in_provinces = np.bincount(of_town, of_towns, provinces)
        in_regions = np.bincount(of_province, in_provinces, regions)
        return np.concatenate([[of_towns.sum()], of_towns, in_provinces, in_regions])

    people = {arm: rng.gamma(0.8, 60, towns).astype(int) for arm in arms if arm or len(arms) == 1}
    yes = {arm: rng.binomial(n, rng.beta(2, 2, towns)) for arm, n in people.items()}
    parts = [{arm: cells(n) for arm, n in counted.items()} for counted in (people, yes)]
    counts, sums = (np.concatenate([part.get(arm, sum(part.values())) for arm in arms]) for part in parts)
    keys = [(arm, *name) for arm in arms for name in [("", ""), *names]]
    numbers = counts.astype(int).tolist()
    contents = Contents(sums.tolist(), [float("nan")] * len(keys), (0.0, 1.0), whole=True)
    return cell_table(keys, numbers, numbers, above, contents)


def nothing(_: Path, __: int) -> None:
    """Write nothing: the cells are made where they are suppressed."""


MATCHED: dict[str, dict[str, Any]] = {
    "score": {"replacement": False},
    "score-again": {"replacement": True},
    "mahalanobis": {"replacement": False, "distance": "mahalanobis"},
    "mahalanobis-again": {"replacement": True, "distance": "mahalanobis"},
}
ARMS = {"cells": ("",), "cells-arms": ("treated x", "comparison x", "")}
WORKS = (
    *(
        Work(
            name=f"matching-{name}",
            title=f"matching ({name}): units",
            goal="≤ 4 s at 200,000 units",
            sizes=(20_000, 200_000),
            small=5_000,
            prepare=write_units,
            sides={ENGINE: partial(matched, options), "scipy's KDTree, the two nearest": matched_by_tree},
        )
        for name, options in MATCHED.items()
    ),
    *(
        Work(
            name=f"randomisation-{name}",
            title=f"{DRAWS:,} assignments ({name}; beside: {SHUFFLED}): units",
            goal="≤ 10 s at 300,000 units",
            sizes=(30_000, 300_000),
            small=2_000,
            prepare=write_units,
            sides={ENGINE: partial(drawn_again, adjusted), f"numpy's permutation, {SHUFFLED}": shuffled},
        )
        for name, adjusted in {"plain": False, "adjusted": True}.items()
    ),
    *(
        Work(
            name=f"suppression-{name}",
            title=f"suppression ({name}): cells",
            goal="≤ 1 s at 5,000 cells, about linear",
            sizes=(1_250, 2_500, 5_000, 10_000),
            small=300,
            prepare=nothing,
            sides={ENGINE: partial(suppressed, arms)},
        )
        for name, arms in ARMS.items()
    ),
)
