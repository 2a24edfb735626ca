"""Who was reached, by the groups that have effects of their own: as counted, or raked to known margins."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from impact.designs.base import Design
from impact.designs.scaled_effect.model import Reach, ScaledEffect
from impact.errors import NotEstimable
from impact.estimate.case import Case
from impact.measure import treated_cells
from impact.statistics.surveys.margins import rake
from impact.words.said import Said


@dataclass(frozen=True)
class Reached:
    """People reached by group (``""`` for everybody), and their standard errors, zero where counts are exact."""

    people: dict[str, float]
    errors: dict[str, float]
    how: Said

    @property
    def total(self) -> float:
        """All people reached."""
        return sum(self.people.values())


def reached(case: Case[Design], design: ScaledEffect) -> Reached:
    """Return the people reached in each group that has any.

    Parameters
    ----------
    case
        Of the indicator whose effect is scaled: its treated are raked where margins are given.
    design
        Says how reach is known.

    Raises
    ------
    NotEstimable
        If the treated sample cannot be raked to the margins.
    """
    reach = design.reach
    if reach.margins is not None:
        people, how = _raked(case, str(design.by), reach)
    elif reach.totals is not None:
        people, how = dict(reach.totals), Said("scaled_effect.counted_by", by=design.by)
    else:
        people, how = {"": reach.people}, Said("scaled_effect.counted")
    people = {group: total for group, total in people.items() if total > 0}
    stated = reach.std_error if isinstance(reach.std_error, dict) else {"": reach.std_error or 0.0}
    errors = {group: stated.get(group, 0.0) for group in people}
    return Reached(people, errors, how)


def _raked(case: Case[Design], by: str, reach: Reach) -> tuple[dict[str, float], Said]:
    """Rake the treated of the sample to the margins; return the people by group, and how they are known."""
    margins = reach.margins or ()
    names = [margin.column for margin in margins]
    columns = list(dict.fromkeys([by, *names]))
    wave = case.baseline or case.indicator.ex_post.wave
    cells = treated_cells(case.connection, case.programme.id, case.contract, case.indicator, columns, wave=wave)
    complete = cells[columns].notna().all(axis=1)
    sampled = int(cells.loc[complete, "_n"].sum())
    left_out = int(cells.loc[~complete, "_n"].sum())
    cells = cells[complete & (cells["_weight"] > 0)]
    if cells.empty:
        raise NotEstimable(Said("checks.no_treated_person_has_code_every_margin"), Said("checks.codes_treated"))
    targets = [(cells[margin.column].to_numpy(dtype=object), margin.totals) for margin in margins]
    fitted = rake(cells["_weight"].to_numpy(dtype=float), targets)
    people = pd.Series(fitted.weights).groupby(cells[by].to_numpy(dtype=object)).sum()
    by_group = {str(group): float(total) for group, total in people.items()}
    if left_out:
        how = Said("scaled_effect.raked_without_some", by=by, n=sampled, margins=names, left_out=left_out)
    else:
        how = Said("scaled_effect.raked", by=by, n=sampled, margins=names)
    return by_group, how
