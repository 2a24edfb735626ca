"""Random programmes, all of whose tables one attacker has: he computes nothing that is hidden."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from impact.publish import beside
from impact.publish.hidden import decide
from impact.publish.inventory import ANSWERS
from impact.publish.totals import Contents, cell_table
from impact.statistics.suppression import suppress
from tests.support.attack import Key, Side, key_of, persons_in_files, recovered, told, true_side
from tests.support.random_programmes import LIMITS, Made, formula_of, random_programme

MANY = 1000
SAMPLE = 16
Seen = tuple[dict[str, pd.DataFrame], Side]
NUMBERS = ["n", "n_missing", "value", "std_error"]


def published(made: Made) -> Seen:
    """Return what a reader sees of a programme: measures and side tables, as the engine protects them."""
    limits = {one.id: LIMITS[formula_of(one)] for one in made.programme.indicators}
    found, wholes = decide(made.programme, made.frames, made.above, limits)
    reasons = {
        (each.indicator.id, key_of(vars(each.cell) | each.cell.part.fields()), each.cell.wave): each.reason
        for each in found
    }
    minimum = made.programme.header.disclosure.minimum
    touched = {"rows"} if found else set()
    withheld = beside.decide_withheld({"rows": persons_in_files(made)}, touched, wholes, minimum)
    withheld = withheld.assign(programme="made", minimum=minimum)
    shown = {
        name: beside.protect_missing(emptied(frame, reasons), withheld, {("made", name): "rows"})
        for name, frame in made.frames.items()
    }
    side = true_side(made)
    answers = side.answers.assign(**{name: 0 for name in ANSWERS if name not in side.answers})
    return shown, Side(
        beside.protect_answers(answers, withheld),
        beside.protect_returned(side.returned, withheld),
        beside.protect_files(side.files, withheld),
    )


def small_only(made: Made) -> Seen:
    """Return what a reader would see if nothing but cells of few were hidden."""
    minimum = made.programme.header.disclosure.minimum
    reasons = {
        (row["indicator"], key_of(row), row["wave"]): "few"
        for frame in made.frames.values()
        for row in frame.to_dict("records")
        if 0 < row["persons"] < minimum
    }
    return {name: emptied(frame, reasons) for name, frame in made.frames.items()}, true_side(made)


def emptied(frame: pd.DataFrame, reasons: dict[tuple[str, Key, str], str]) -> pd.DataFrame:
    """Return measures without the numbers of some cells."""
    why = [reasons.get((row["indicator"], key_of(row), row["wave"]), "") for row in frame.to_dict("records")]
    shown = frame.astype({"n": "Int64", "n_missing": "Int64"}).assign(suppressed=why)
    return shown.assign(**{name: shown[name].mask(shown["suppressed"] != "") for name in NUMBERS})


@pytest.mark.parametrize("seed", range(SAMPLE))
def test_nothing_hidden_of_a_programme_is_known(seed: int) -> None:
    made = random_programme(seed)
    assert recovered(made, *published(made)) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SAMPLE, MANY))
def test_nothing_hidden_of_a_thousand_programmes_is_known(seed: int) -> None:
    made = random_programme(seed)
    assert recovered(made, *published(made)) == []


def test_the_attacker_is_not_blind() -> None:
    """Where nothing but cells of few is hidden, he knows many: counts, sums, means."""
    programmes = [random_programme(seed) for seed in range(5)]
    found = [what for made in programmes for *_, what in recovered(made, *small_only(made))]
    assert len(found) > 50
    assert {"count", "sum", "mean"} <= set(found)


def shares(rng: np.random.Generator) -> pd.DataFrame:
    """Return parts with how many persons and what share of them said yes, and their sum."""
    n = rng.integers(0, 3, 5) * rng.integers(1, 9, 5) + rng.integers(1, 6, 5)
    yes = rng.binomial(n, rng.choice([0.0, 0.03, 0.5, 1.0], 5))
    parts = pd.DataFrame({"n": n, "value": yes / n}, index=list("abcde"))
    whole = pd.DataFrame({"n": [n.sum()], "value": [yes.sum() / n.sum()]}, index=[""])
    return pd.concat([whole, parts])


@pytest.mark.parametrize("start", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(50, 300, 50))])
def test_no_share_of_three_hundred_tables_is_known(start: int) -> None:
    """Nor would it be to one who knows that shares lie in 0 to 1; with the cells alone that counts ask for, some are."""
    rng, known = np.random.default_rng(start), 0
    for _ in range(50):
        true = shares(rng)
        keys = [("", "part" if code else "", code) for code in true.index]
        counts = [int(n) for n in true["n"]]
        contents = Contents((true["n"] * true["value"]).round().tolist(), [np.nan] * 6, (0.0, 1.0), whole=True)
        for values in (contents, None):
            off = suppress(cell_table(keys, counts, counts, {}, values), 5)[:6]
            seen = true.assign(n=true["n"].mask(off).astype("Int64"), value=true["value"].mask(off))
            found = told(true, seen, {"": list("abcde")}, (0.0, 1.0), sums=False) if off.any() else []
            means = [code for what, code in found if what == "mean"]
            assert values is None or means == []
            known += len(means)
    assert known > 0
