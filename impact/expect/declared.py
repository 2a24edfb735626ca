"""All that can be wrong with a programme before its data are read; forecasts are worked out where one is declared."""

from __future__ import annotations

from impact import expect
from impact.declare.check import check_programme
from impact.declare.load import Programme
from impact.errors import NotEstimable, Problem
from impact.expect.registration import verify_registrations


def problems_without_data(programme: Programme) -> list[Problem]:
    """Return all that can be wrong with a programme before its data are read."""
    return [*check_programme(programme), *verify_registrations(programme), *forecast_problems(programme)]


def forecast_problems(programme: Programme) -> list[Problem]:
    """Return a problem for each forecast that is no distribution."""
    problems = []
    for indicator in programme.indicators:
        if indicator.ex_ante.forecast is None:
            continue
        try:
            expect.predictive(indicator.ex_ante.forecast)
        except NotEstimable as error:
            at = programme.indicator_at(indicator.id).at(f"{indicator.id}.ex_ante.forecast")
            what = f"the forecast gives no distribution because {error.reason}"
            problems.append(at.problem(what, str(error.needed)))
    return problems
