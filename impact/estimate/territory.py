"""The territory's own change, and what can be said of the programme's part in it; used by the scaled effect."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from impact.declare.base import Language
from impact.declare.indicators import Change
from impact.errors import NotEstimable
from impact.estimate.case import Case
from impact.measure import INCOMPLETE, measure_indicators
from impact.measure.moments import COMPLETE
from impact.statistics.core import CONFIDENCE, t_quantile
from impact.words import LANGUAGES, words_in
from impact.words.said import Said

NOTHING: dict[Language, str] = {"en": "nothing can be said: ", "it": "nulla si può dire: "}
ACCOUNT: dict[Language, str] = {
    "en": "the programme can account for between {low} and {high} of the change of {change}",
    "it": "il programma può spiegare tra {low} e {high} della variazione di {change}",
}
MORE: dict[Language, str] = {
    "en": ", more than the whole: without it the territory would have moved the other way",
    "it": ", più dell'intera variazione: senza, il territorio si sarebbe mosso in senso opposto",
}
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


def statement(low: float, high: float, own: OwnChange | None, units: Mapping[Language, str]) -> dict[Language, str]:
    """Say in each language what part of the territory's change the programme can account for.

    Parameters
    ----------
    low, high
        Interval of the contribution, in the indicator's unit.
    own
        The territory's own change.
    units
        Of both, in each language.
    """
    why = _silence(low, high, own, units)
    if why is not None or own is None:
        return {language: NOTHING[language] + (why or {}).get(language, "") for language in LANGUAGES}
    more = min(abs(low), abs(high)) > abs(own.change)
    said = {language: _account(low, high, own, language, units) for language in LANGUAGES}
    return {language: text + (MORE[language] if more else "") for language, text in said.items()}


def _account(low: float, high: float, own: OwnChange, language: Language, units: Mapping[Language, str]) -> str:
    """Write the numbers as app and report write them."""
    gain, unit = words_in(language).gain, units[language]
    change = _amount(own.change, language, units)
    return ACCOUNT[language].format(low=gain(low, unit), high=gain(high, unit), change=change)


def _amount(value: float, language: Language, units: Mapping[Language, str]) -> str:
    unit = units[language]
    said = words_in(language).gain(value, unit)
    return said if unit == "share" else f"{said} {unit}"


def _silence(
    low: float, high: float, own: OwnChange | None, units: Mapping[Language, str]
) -> dict[Language, str] | None:
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
            "en": f"the territory moved against the programme ({_amount(own.change, 'en', units)})",
            "it": f"il territorio si è mosso in senso contrario al programma ({_amount(own.change, 'it', units)})",
        }
    return None


def require_whole(case: Case) -> None:
    """Refuse a part of the territory: reach and population are those of the whole."""
    if case.group is not None:
        what = Said("checks.reach_population_those_whole_territory")
        raise NotEstimable(what, Said("checks.finding_whole_indicator_part"))
