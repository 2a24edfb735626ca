"""The same cells are hidden as by looking at all again after each, and as before blocks were told apart."""

from __future__ import annotations

import math
import zlib

import numpy as np
import pytest

from impact.publish.totals import Contents, cell_table
from impact.statistics.suppression import Table, rules, suppress
from impact.statistics.suppression.bounds import Sums

ARMS = {"whole": ("",), "arms": ("treated x", "comparison x", ""), "no whole": ("treated x", "comparison x")}
CONTENTS = ("counts", "shares", "amounts")


def drawn(seed: int, towns: int, arms: str, contents: str) -> Table:
    """Count persons in towns of provinces of regions, in two sexes and arms; skewed, and many towns of one mind."""
    rng = np.random.default_rng(seed)
    provinces, regions = max(2, towns // 6), max(2, towns // 30)
    of_town, of_province = rng.integers(0, provinces, towns), rng.integers(0, regions, provinces)
    above = {("place", f"t{town}"): [("place", f"p{province}")] for town, province in enumerate(of_town)}
    above |= {("place", f"p{province}"): [("place", f"r{region}")] for province, region in enumerate(of_province)}
    names = [("", ""), *(("place", f"t{town}") for town in range(towns))]
    names += [("place", f"p{province}") for province in range(provinces)]
    names += [("place", f"r{region}") for region in range(regions)]
    names += [("sex", "f"), ("sex", "m")]

    def cells(of_towns: np.ndarray, women: np.ndarray) -> np.ndarray:
        in_provinces = np.bincount(of_town, of_towns, provinces)
        in_regions = np.bincount(of_province, in_provinces, regions)
        sexes = [women.sum(), of_towns.sum() - women.sum()]
        return np.concatenate([[of_towns.sum()], of_towns, in_provinces, in_regions, sexes])

    counts, sums = {}, {}
    for arm in [arm for arm in ARMS[arms] if arm] or [""]:
        people = rng.gamma(0.8, rng.choice([5, 20, 60]), towns).astype(int)
        women = rng.binomial(people, 0.5)
        yes = rng.binomial(people, rng.choice([0, 0.1, 0.5, 1], towns, p=[0.1, 0.4, 0.4, 0.1]))
        counts[arm], sums[arm] = cells(people, women), cells(yes, rng.binomial(yes, 0.5))
    for parts in (counts, sums):
        parts.setdefault("", sum(parts.values()))
    keys = [(arm, *name) for arm in ARMS[arms] for name in names]
    numbers = np.concatenate([counts[arm] for arm in ARMS[arms]]).astype(int).tolist()
    values = np.concatenate([sums[arm] for arm in ARMS[arms]])
    if contents == "counts":
        return cell_table(keys, numbers, numbers, above)
    levels = np.where(rng.random(len(keys)) < 0.2, 1.0, math.nan)
    scale = 1.0 if contents == "shares" else 7.3
    known = Contents((scale * values).tolist(), levels.tolist(), (0.0, scale), contents == "shares")
    return cell_table(keys, numbers, numbers, above, known)


class Plain(rules._Search):
    """Looks at everything again after each cell."""

    def hide(self, cell: int) -> None:
        hidden = self.hidden
        hidden[cell] = True
        self.__init__(self._table, self._minimum, hidden)  # type: ignore[misc]


@pytest.fixture
def plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Search again after each cell, and ask linear programmes of every block."""
    monkeypatch.setattr(rules, "_Search", Plain)
    monkeypatch.setattr(Sums, "is_tree", False)
    monkeypatch.setattr(Sums, "_narrowed", lambda self, least, most: (least, most))


@pytest.mark.parametrize("contents", CONTENTS)
@pytest.mark.parametrize("arms", ARMS)
def test_the_same_cells_as_by_looking_at_all_again(arms: str, contents: str, request: pytest.FixtureRequest) -> None:
    rng = np.random.default_rng(3)
    tables = [(drawn(seed, 8 + 6 * seed, arms, contents), minimum) for seed, minimum in enumerate((2, 5, 10, 20))]
    anyhow = [(rng.random(len(table.counts)) < 0.05) & table.shown for table, _ in tables]
    found = [suppress(table, minimum, off) for (table, minimum), off in zip(tables, anyhow, strict=True)]
    request.getfixturevalue("plainly")
    for (table, minimum), off, hidden in zip(tables, anyhow, found, strict=True):
        assert hidden.tolist() == suppress(table, minimum, off).tolist()
        assert hidden[off].all()


RECORDED = {
    ("whole", "counts"): [(29, 268823795), (41, 2105684250), (27, 3236849594), (48, 2928330909)],
    ("whole", "shares"): [(30, 4250688200), (41, 2105684250), (28, 2480267872), (48, 2928330909)],
    ("whole", "amounts"): [(30, 4250688200), (41, 2105684250), (28, 2480267872), (48, 2928330909)],
    ("arms", "counts"): [(120, 901896840), (130, 996975633), (88, 3592932265), (142, 2082061209)],
    ("arms", "shares"): [(132, 1661550988), (130, 996975633), (125, 4128211394), (186, 1413168623)],
    ("no whole", "amounts"): [(74, 672397054), (81, 2962005195), (49, 3115764195), (90, 4093169346)],
}


@pytest.mark.parametrize(("arms", "contents"), RECORDED)
def test_the_same_cells_as_before(arms: str, contents: str) -> None:
    """Recorded when all totals and one linear programme after the other were looked at again for each cell."""
    found = [suppress(drawn(10 + seed, 60, arms, contents), 10) for seed in range(4)]
    assert [(int(hidden.sum()), zlib.crc32(np.packbits(hidden).tobytes())) for hidden in found] == RECORDED[
        arms, contents
    ]


def test_bounds_along_a_tree_are_those_of_linear_programmes(request: pytest.FixtureRequest) -> None:
    """Sums of sums with limits, some of which leave one solution only."""
    rng = np.random.default_rng(8)
    cases = []
    for _ in range(40):
        parents = [int(rng.integers(0, place)) for place in range(1, 8)]
        rows, columns, signs = [], [], []
        for row, whole in enumerate(sorted(set(parents))):
            parts = [place + 1 for place, parent in enumerate(parents) if parent == whole]
            rows += [row] * (len(parts) + 1)
            columns += [whole, *parts]
            signs += [1.0, *(-1.0 for _ in parts)]
        sums = Sums(np.array(rows), np.unique(columns, return_inverse=True)[1], np.array(signs))
        assert sums.is_tree
        leaves = rng.integers(0, 12, sums.n_numbers).astype(float)
        truth = leaves - np.linalg.pinv(sums.matrix) @ (sums.matrix @ leaves)
        limits = truth - rng.choice([0, 1, 4], sums.n_numbers), truth + rng.choice([0, 1, 9], sums.n_numbers)
        for apart in (0.5, 2.0, 5.0):
            least = np.full(sums.n_numbers, apart - 1e-6)
            cases.append((sums, truth, limits, least, sums.spread(truth, limits, least), sums.computed()))
    request.getfixturevalue("plainly")
    for sums, truth, limits, apart, spread, computed in cases:
        assert spread.tolist() == sums.spread(truth, limits, apart).tolist()
        assert computed.tolist() == sums.computed().tolist()


def test_a_large_table_takes_no_longer_for_its_blocks() -> None:
    """Twelve hundred independent towns are looked at one by one, once: the cells of a part are those of it alone."""
    whole = drawn(1, 1200, "whole", "shares")
    hidden = suppress(whole, 10)
    assert hidden[whole.few(10)].all()
    assert suppress(whole, 10, hidden).tolist() == hidden.tolist()
