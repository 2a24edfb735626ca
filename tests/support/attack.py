"""Attackers who know all that is published, the rule, the limits of values, and what adds up.

One works on a table of counts, with exact fractions and a linear programme a cell. The other takes all tables of a
random programme at once: indicators, cuts, waves, arms, side tables. Neither uses the code it attacks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import csr_array

from impact.declare.indicators import Indicator
from impact.statistics.suppression import Table
from tests.support.random_programmes import COLUMN, LIMITS, TREE, Made, formula_of

# ---- everything at once, by linear programmes ------------------------------------------------------------------------

Name = tuple[Any, ...]
Expression = Mapping[Name, float]
SOLVED = 1e-6
DRAWN = 8


@dataclass
class System:
    """What an attacker knows: numbers with their ends, and what adds up.

    Parameters
    ----------
    truth
        Of each number. The attacker does not use it but to save time: it is one of the solutions.
    ends
        Of each number; both the same where it is published.
    equal, above
        Sums that are zero, and that are zero or more.
    """

    truth: dict[Name, float] = field(default_factory=dict)
    ends: dict[Name, tuple[float, float]] = field(default_factory=dict)
    equal: list[Expression] = field(default_factory=list)
    above: list[Expression] = field(default_factory=list)

    def add(self, name: Name, truth: float, low: float = -math.inf, high: float = math.inf) -> None:
        """Take a number in, or narrow its ends."""
        self.truth[name] = truth
        old = self.ends.get(name, (-math.inf, math.inf))
        self.ends[name] = (max(low, old[0]), min(high, old[1]))

    def settle(self, secrets: Sequence[Expression]) -> list[tuple[float, float]]:
        """Return how far below and above the truth each secret can lie."""
        names = list(self.truth)
        place = {name: at for at, name in enumerate(names)}
        truth = np.array([self.truth[name] for name in names])
        ends = np.array([self.ends[name] for name in names]).reshape(-1, 2)
        equal, above = (_rows(each, place) for each in (self.equal, self.above))
        # the equations hold: what the attacker believes is true
        assert np.abs(equal @ truth).max(initial=0) < 1e-6 * (1 + np.abs(truth).max(initial=0))
        assert (above @ truth).min(initial=0) > -1e-6 * (1 + np.abs(truth).max(initial=0))
        assert ((ends[:, 0] <= truth + SOLVED) & (truth <= ends[:, 1] + SOLVED)).all()
        far = 10 * (1 + np.abs(truth).max(initial=1))
        box = np.clip(ends, truth[:, None] - far, truth[:, None] + far)
        goals = _rows(secrets, place)
        found = [np.zeros(len(secrets))]
        rng = np.random.default_rng(0)
        open_goals = np.ones(len(secrets), dtype=bool)

        def solve(goal: np.ndarray) -> None:
            solution = linprog(goal, A_eq=equal, b_eq=np.zeros(equal.shape[0]), A_ub=-above,
                               b_ub=np.zeros(above.shape[0]), bounds=box, method="highs")  # fmt: skip
            assert solution.x is not None, solution.message
            found.append(goals @ (solution.x - truth))

        for _ in range(DRAWN):
            weights = rng.choice([-1.0, 1.0], len(secrets)) * open_goals
            solve(weights @ goals.toarray())
            open_goals = np.ptp(np.array(found), axis=0) < 1.5
            if not open_goals.any():
                break
        for at in np.flatnonzero(open_goals):
            for sign in (1.0, -1.0):
                solve(sign * goals[[at]].toarray()[0])
        reached = np.array(found)
        return list(zip(reached.min(axis=0).tolist(), reached.max(axis=0).tolist(), strict=True))


def told(
    true: pd.DataFrame,
    seen: pd.DataFrame,
    totals: Mapping[str, Sequence[str]],
    limits: tuple[float, float],
    *,
    sums: bool,
) -> list[tuple[str, str]]:
    """Return which counts and which sums of hidden cells are known.

    Parameters
    ----------
    true, seen
        By code: ``n`` and ``value``, as they are and as a reader sees them.
    totals
        The codes that add up to a code.
    limits
        Of the value of a row.
    sums
        Whether values are totals, or means.
    """
    system = System()
    for code in true.index:
        n = float(true.loc[code, "n"])
        total = float(true.loc[code, "value"]) * (1.0 if sums else n)
        hidden = pd.isna(seen.loc[code, "n"])
        system.add(("n", code), n, 0 if hidden else n, math.inf if hidden else n)
        system.add(("s", code), total, *((-math.inf, math.inf) if hidden else (total, total)))
        bounds = [
            ({("s", code): 1.0, ("n", code): -limits[0]}, limits[0]),
            ({("s", code): -1.0, ("n", code): limits[1]}, limits[1]),
        ]
        system.above += [each for each, end in bounds if np.isfinite(end) and hidden]
    for whole, parts in totals.items():
        system.equal += [{(what, whole): 1.0} | {(what, part): -1.0 for part in parts} for what in ("n", "s")]
    off = [code for code in true.index if pd.isna(seen.loc[code, "n"])]
    names: list[tuple[str, str, Expression]] = [("n", code, {("n", code): 1.0}) for code in off]
    for code in off:
        mean = system.truth["s", code] / system.truth["n", code]
        names += [("s", code, {("s", code): 1.0}), ("mean", code, {("s", code): 1.0, ("n", code): -mean})]
    spans = system.settle([goal for _, _, goal in names])
    return [(what, code) for (what, code, _), (low, high) in zip(names, spans, strict=True) if high - low < 1e-3]


def _rows(expressions: Sequence[Expression], place: Mapping[Name, int]) -> csr_array:
    cells = [(row, place[name], factor) for row, one in enumerate(expressions) for name, factor in one.items()]
    rows, columns, factors = zip(*cells, strict=True) if cells else ((), (), ())
    return csr_array((factors, (rows, columns)), shape=(len(expressions), len(place)))


Key = tuple[str, str, str]


@dataclass(frozen=True)
class Side:
    """What is published beside the measures; None or absent where it is not."""

    answers: pd.DataFrame
    returned: pd.DataFrame
    files: pd.DataFrame


def recovered(made: Made, shown: Mapping[str, pd.DataFrame], side: Side) -> list[tuple[str, Key, str, str]]:
    """Return what is known of hidden cells: indicator, cell, wave, and whether count, sum, mean or rows.

    Parameters
    ----------
    made
        The programme; its frames are the truth.
    shown
        Of each indicator the same rows, ``suppressed`` beside them, numbers missing where a reader sees none.
    side
        Side tables as a reader sees them.
    """
    system, secrets = System(), dict[tuple[str, Key, str, str], Expression]()
    minimum = made.programme.header.disclosure.minimum
    keys: dict[tuple[str, str], dict[Key, None]] = {}
    for indicator in made.programme.indicators:
        table = shown[indicator.id]
        blank = (table["n"].fillna(0) == 0).groupby([table["wave"], table["arm"] == "effect"]).transform("all")
        for (_, true), (at, seen) in zip(
            made.frames[indicator.id].iterrows(), shown[indicator.id].iterrows(), strict=True
        ):
            _take(system, secrets, indicator, (true, seen), 0 if blank[at] else minimum)
            if true["arm"] != "effect":
                keys.setdefault((selection(indicator), true["wave"]), {})[key_of(true)] = None
    _add_up(made, system)
    _beside(made, system, side)
    wanted = [name for name, one in secrets.items() if _is_secret(one, system)]
    spans = system.settle([secrets[name] for name in wanted])
    return [name for name, (low, high) in zip(wanted, spans, strict=True) if high - low < _least(name, made)]


def _least(name: tuple[str, Key, str, str], made: Made) -> float:
    indicator = next(one for one in made.programme.indicators if one.id == name[0])
    whole = name[3] in ("count", "rows") or (name[3] == "sum" and formula_of(indicator) == "ill")
    return 1 - 1e-4 if whole else 1e-4


def _is_secret(one: Expression, system: System) -> bool:
    return all(system.ends[name][0] < system.ends[name][1] for name in one)


def selection(indicator: Indicator) -> str:
    """Name the rows that an indicator selects."""
    return "f" if indicator.where else ""


def key_of(row: Mapping[str, Any]) -> Key:
    """Return arm, column and code of a cell."""
    if row["scope"] != "programme":
        return row["arm"], row["scope"], row["scope_value"]
    return (row["arm"], "", "") if row["group"] == "all" else (row["arm"], row["group"], row["group_value"])


def _take(
    system: System,
    secrets: dict[tuple[str, Key, str, str], Expression],
    indicator: Indicator,
    cell: tuple[pd.Series, pd.Series],
    minimum: int,
) -> None:
    """Take in what is published of a cell, or what its being hidden says; nothing where all cells are hidden alike."""
    true, seen = cell
    formula, key, wave, picked = formula_of(indicator), key_of(true), true["wave"], selection(indicator)
    column, (low, high) = COLUMN.get(formula, formula), LIMITS[formula]
    n, rows = float(true["n"]), float(true["n"] + true["n_missing"])
    total = (
        0.0 if n == 0 or np.isnan(true["value"]) else float(true["value"]) * (1.0 if formula in ("aid", "all") else n)
    )
    count, summed = ("n", picked, column, wave, key), ("s", picked, column, wave, key)
    base = ("rows", picked, wave, key)
    if key[0] == "effect":
        low, high = -math.inf, math.inf
        count, summed, base = (
            ("n", indicator.id, wave, key),
            ("s", indicator.id, wave, key),
            ("rows", indicator.id, wave, key),
        )
    hidden = pd.isna(seen["n"])
    if not hidden:
        system.add(count, n, n, n)
        system.add(summed, total, total, total)
    elif 0 < true["persons"] < minimum and true["persons"] == n:
        system.add(count, n, 1, minimum - 1)
    else:  # few may stand behind another number of the same rows; if not, here are as many as the minimum
        system.add(count, n, minimum if seen["suppressed"] == "complement" and true["persons"] == n else 0)
    system.add(summed, total)
    known = not hidden and not pd.isna(seen["n_missing"])
    system.add(base, rows, *((rows, rows) if known else (0, math.inf)))
    system.above.append({base: 1.0, count: -1.0})
    if np.isfinite(low) and system.ends[summed][0] < system.ends[summed][1]:
        system.above.append({summed: 1.0, count: -low})
    if np.isfinite(high) and system.ends[summed][0] < system.ends[summed][1]:
        system.above.append({summed: -1.0, count: high})
    if hidden and n:
        name = indicator.id, key, wave
        secrets[*name, "count"] = {count: 1.0}
        if rows < minimum:
            secrets[*name, "rows"] = {base: 1.0}
        if key[0] != "effect" and formula != "all":
            secrets[*name, "sum"] = {summed: 1.0}
            secrets[*name, "mean"] = {summed: 1.0, count: -total / n}


def _add_up(made: Made, system: System) -> None:
    """Say what adds up: codes, arms, and projects to quadrants. Nothing is left over where the attacker knows so."""
    families: dict[Name, dict[Key, Name]] = {}
    for name in list(system.truth):
        families.setdefault(name[:-1], {})[name[-1]] = name
    for cells in families.values():
        for whole, parts in _totals(made, cells):
            rest = system.truth[whole] - sum(system.truth[part] for part in parts)
            told: dict[Name, float] = {whole: 1.0} | dict.fromkeys(parts, -1.0)
            if whole[0] == "s" or abs(rest) > SOLVED:
                left = ("rest", whole, parts[0][-1][:2])
                counted = {each: ("n", *each[1:]) for each in (whole, *parts)} if whole[0] == "s" else {}
                spare = sum(system.truth[n] * (1 if each == whole else -1) for each, n in counted.items())
                nothing = whole[0] == "s" and abs(spare) < SOLVED
                system.add(left, 0.0 if nothing else rest, 0.0 if nothing or whole[0] != "s" else -math.inf,
                           0.0 if nothing else math.inf)  # fmt: skip
                told[left] = -1.0
            system.equal.append(told)


def _totals(made: Made, cells: Mapping[Key, Name]) -> Iterator[tuple[Name, list[Name]]]:
    for arm in dict.fromkeys(key[0] for key in cells):
        for column in dict.fromkeys(key[1] for key in cells if key[1]):
            codes = [key[2] for key in cells if key[:2] == (arm, column)]
            for upper in (None, *TREE) if column == "place" else (None,):
                parts = [cells[arm, column, code] for code in codes if TREE.get(code) == upper]
                whole = cells.get((arm, column, upper) if upper else (arm, "", ""))
                if parts and whole:
                    yield whole, parts
        for quadrant in [key[2] for key in cells if key[:2] == (arm, "quadrant")]:
            of = [code for (column, code), uppers in made.above.items() if uppers[0] == ("quadrant", quadrant)]
            parts = [cells[arm, "project", code] for code in of if (arm, "project", code) in cells]
            if parts:
                yield cells[arm, "quadrant", quadrant], parts
    for key, name in cells.items():
        arms = [cells[arm, *key[1:]] for arm in ("treated", "comparison") if (arm, *key[1:]) in cells]
        if key[0] == "" and arms:
            yield name, arms


def _beside(made: Made, system: System, side: Side) -> None:
    """Take in side tables: rows and persons of each wave, answers of each column, rows of each file."""
    for row in side.answers.to_dict("records"):
        whole = ("rows", "", row["wave"], ("", "", ""))
        if whole in system.truth and not pd.isna(row["rows"]):
            system.add(whole, system.truth[whole], row["rows"], row["rows"])
        answered = ("n", "", row["column"], row["wave"], ("", "", ""))
        if answered in system.truth and not pd.isna(row["answered"]):
            system.add(answered, system.truth[answered], row["answered"], row["answered"])
    for row in side.returned.to_dict("records"):
        whole = ("rows", "", row["wave"], ("", "", ""))
        if whole in system.truth and not pd.isna(row["persons"]):
            system.add(whole, system.truth[whole], row["persons"], row["persons"])
    waves = list(made.rows["wave"].unique())
    for row in side.files.to_dict("records"):
        key = ("", made.files, row["source"]) if made.files == "project" else ("", "", "")
        of = [row["source"]] if made.files == "wave" else waves
        names = [("rows", "", wave, key) for wave in of]
        if pd.isna(row["rows_good"]) or not all(name in system.truth for name in names):
            continue
        file = ("file", row["source"])
        system.add(file, float(row["rows_good"]), row["rows_good"], row["rows_good"])
        system.equal.append({file: 1.0} | dict.fromkeys(names, -1.0))


def true_side(made: Made) -> Side:
    """Return the side tables as they are counted."""
    rows, answers = made.rows, []
    for wave, part in rows.groupby("wave"):
        for column in ("ill", "aid", "score", "free"):
            answered = int(part[column].notna().sum())
            answers.append({"wave": wave, "column": column, "rows": len(part), "answered": answered,
                            "missing": len(part) - answered})  # fmt: skip
    waves = [wave for wave in ("before", "after") if (rows["wave"] == wave).any()]
    seen = {wave: set(rows.loc[rows["wave"] == wave, "person"]) for wave in waves}
    returned = []
    for place, wave in enumerate(waves):
        since = waves[place - 1] if place else None
        linked = len(seen[wave] & seen[since]) if since else None
        returned.append({"wave": wave, "since": since, "persons": len(seen[wave]), "linked": linked,
                         "lost": len(seen[since]) - (linked or 0) if since else None,
                         "new": len(seen[wave]) - (linked or 0) if since else None})  # fmt: skip
    sources = rows[made.files].astype(str) if made.files else pd.Series("data", index=rows.index)
    files = [{"source": name, "rows_good": len(part)} for name, part in rows.groupby(sources)]
    named = {"programme": "made", "contract": "rows"}
    tables = (pd.DataFrame(each).assign(**named) for each in (answers, returned, files))
    return Side(*tables)


def persons_in_files(made: Made) -> list[tuple[str, str, int]]:
    """Count the persons of each file and wave."""
    rows = made.rows
    sources = rows[made.files].astype(str) if made.files else pd.Series("data", index=rows.index)
    found = [("file", str(name), part["person"].nunique()) for name, part in rows.groupby(sources)]
    return found + [("wave", str(name), part["person"].nunique()) for name, part in rows.groupby("wave")]


# ---- one table: equations from published totals, solved exactly -------------------------------------------------------

Row = dict[int, Fraction]


def echelon(rows: Sequence[Row]) -> dict[int, Row]:
    """Return the rows in echelon form, by the first place of each; exact."""
    pivots: dict[int, Row] = {}
    for row in rows:
        left = reduced(row, pivots)
        if left:
            pivots[min(left)] = left
    return pivots


def reduced(row: Row, pivots: Mapping[int, Row]) -> Row:
    """Return what is left of a row once all that the others explain is taken away."""
    left = {place: number for place, number in row.items() if number}
    done: Row = {}
    while left:
        place = min(left)
        if place not in pivots:
            done[place] = left.pop(place)
            continue
        factor = left[place] / pivots[place][place]
        for other, number in pivots[place].items():
            left[other] = left.get(other, Fraction(0)) - factor * number
        left = {at: number for at, number in left.items() if number}
    return done


def equations(table: Table) -> list[Row]:
    return [
        {total.whole: Fraction(1), **dict.fromkeys(total.parts, Fraction(-1))} for total in table.totals if total.parts
    ]


def computed(table: Table, secret: Sequence[int]) -> list[int]:
    """Return the secret cells that lie in the span of the totals and of the cells that a reader sees."""
    known = [{place: Fraction(1)} for place in np.flatnonzero(table.shown).tolist() if place not in set(secret)]
    pivots = echelon([*known, *equations(table)])
    return [place for place in secret if not reduced({place: Fraction(1)}, pivots)]


def bounds(table: Table, secret: Sequence[int], limits: Mapping[int, tuple[float, float]]) -> np.ndarray:
    """Return the smallest and largest value of each secret cell, by linear programming."""
    unknown = sorted({*secret, *np.flatnonzero(~table.shown).tolist()})
    places = {place: column for column, place in enumerate(unknown)}
    matrix = np.zeros((len(table.totals), len(unknown)))
    known = np.zeros(len(table.totals))
    for row, total in enumerate(table.totals):
        for place, sign in [(total.whole, 1.0), *((part, -1.0) for part in total.parts)]:
            if place in places:
                matrix[row, places[place]] += sign
            else:
                known[row] -= sign * table.counts[place]
    box = [limits.get(place, (0, np.inf)) for place in unknown]
    found = []
    for place in secret:
        unit = np.eye(len(unknown))[places[place]]
        ends = [linprog(sign * unit, A_eq=matrix, b_eq=known, bounds=box) for sign in (1, -1)]
        found.append([ends[0].fun, np.inf if ends[1].status == 3 else -ends[1].fun])
    return np.array(found).reshape(-1, 2)
