"""The territory's own change, and what can be said of the programme's part in it; used by the scaled effect."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from impact.declare.indicators import Change
from impact.errors import NotEstimable
from impact.estimate.case import Case
from impact.measure import INCOMPLETE, measure_indicators
from impact.measure.moments import COMPLETE
from impact.statistics.core import CONFIDENCE, t_quantile

NOTHING = {"en": "nothing can be said: ", "it": "nulla si può dire: "}
STATED = ("about", "more_than", "at_most")
"""How a figure may be stated that is not exact."""


@dataclass(frozen=True)
class OwnChange:
    """How far the territory itself moved.

    ``std_error`` is zero for complete counts, and None where it is not known.
    """

    change: float
    std_error: float | None
    df: float
    n: int

    @property
    def half(self) -> float | None:
        """Half the width of its 95 % interval."""
        return None if self.std_error is None else t_quantile(0.5 + CONFIDENCE / 2, self.df) * self.std_error


def own_change(case: Case) -> OwnChange | None:
    """Return the change of the territory's own value since its baseline; None where either is not known.

    Notes
    -----
    The two rounds are taken as independent, which is the wider interval where persons or places are interviewed twice
    and their answers go together. A baseline from a document is taken as exact.
    """
    values = measure_indicators(case.connection, case.programme, [case.indicator]).values
    whole = values[(values["scope"] == "programme") & (values["group"] == "all")].set_index("wave")
    now = _value(case, whole, case.indicator.ex_post.wave or "")
    if now is None or isinstance(case.indicator.formula, Change):
        return now
    baseline = case.indicator.ex_ante.baseline
    if baseline is None:
        return None
    if baseline.value is not None:
        return OwnChange(now.change - baseline.value, now.std_error, now.df, now.n)
    before = _value(case, whole, str(baseline.wave))
    if before is None:
        return None
    known = now.std_error is not None and before.std_error is not None
    error = math.hypot(now.std_error or 0.0, before.std_error or 0.0) if known else None
    return OwnChange(now.change - before.change, error, min(now.df, before.df), now.n + before.n)


def _value(case: Case, whole: pd.DataFrame, wave: str) -> OwnChange | None:
    if wave not in whole.index:
        return None
    row = whole.loc[wave].to_dict()
    if pd.isna(row["value"]) or INCOMPLETE in row["flags"]:
        return None
    n, stated = int(row["n"]), set(row["flags"]) & set(STATED)
    if row["method"] == COMPLETE and not stated:
        return OwnChange(float(row["value"]), 0.0, math.inf, n)
    if stated or pd.isna(row["std_error"]):
        return OwnChange(float(row["value"]), None, math.inf, n)
    units = n if pd.isna(row["n_clusters"]) else int(row["n_clusters"])
    # with strata at least two units lie in each, so half of them are left
    df = units / 2 if case.indicator.sample.strata else units - 1
    return OwnChange(float(row["value"]), float(row["std_error"]), max(float(df), 1.0), n)


def statement(low: float, high: float, own: OwnChange | None, unit: str) -> dict[str, str]:
    """Say in each language what part of the territory's change the programme can account for.

    Parameters
    ----------
    low, high
        Interval of the contribution, in the indicator's unit.
    own
        The territory's own change.
    unit
        Of both.
    """
    why = _silence(low, high, own, unit)
    if why is not None or own is None:
        return {language: NOTHING[language] + (why or {}).get(language, "") for language in NOTHING}
    scale, _ = _scaled(unit)
    ends, change = (f"{scale * low:.4g}", f"{scale * high:.4g}"), _moved(own, unit)
    words = {
        "en": f"the programme can account for between {ends[0]} and {ends[1]} of the change of {change}",
        "it": f"il programma può spiegare tra {ends[0]} e {ends[1]} della variazione di {change}",
    }
    if min(abs(low), abs(high)) > abs(own.change):
        words["en"] += ", more than the whole: without it the territory would have moved the other way"
        words["it"] += ", più dell'intera variazione: senza, il territorio si sarebbe mosso in senso opposto"
    return words


def _scaled(unit: str) -> tuple[float, str]:
    """Return the factor and the unit in which a difference is written: shares differ by percentage points."""
    return (100.0, "pp") if unit == "share" else (1.0, unit)


def _moved(own: OwnChange, unit: str) -> str:
    scale, word = _scaled(unit)
    return f"{scale * own.change:+.4g} {word}"


def _silence(low: float, high: float, own: OwnChange | None, unit: str) -> dict[str, str] | None:
    """Return why nothing can be said, or None where something can."""
    if own is None:
        return {
            "en": "the territory's own change is not known",
            "it": "la variazione del territorio non è nota",
        }
    if own.half is None:
        return {
            "en": "the uncertainty of the territory's own change is not known",
            "it": "l'incertezza della variazione del territorio non è nota",
        }
    if low <= 0 <= high:
        return {
            "en": "the interval of the contribution holds zero",
            "it": "l'intervallo del contributo contiene lo zero",
        }
    if abs(own.change) <= own.half:
        return {
            "en": "the territory's own change is within its uncertainty",
            "it": "la variazione del territorio è entro la sua incertezza",
        }
    if (low > 0) != (own.change > 0):
        return {
            "en": f"the territory moved against the programme ({_moved(own, unit)})",
            "it": f"il territorio si è mosso in senso contrario al programma ({_moved(own, unit)})",
        }
    return None


def require_whole(case: Case) -> None:
    """Refuse a part of the territory: reach and population are those of the whole."""
    if case.group is not None:
        what = "reach and population are those of the whole territory"
        raise NotEstimable(what, "the finding of the whole, or an indicator for the part")
