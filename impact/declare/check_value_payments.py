"""Whether outcome contracts in ``value.yaml`` hold together with the indicators, columns and days they name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from impact.declare.base import in_language, last_day
from impact.declare.check_value_names import FILE, indicators_of, known_indicator
from impact.declare.load import Programme
from impact.declare.location import Location, twice
from impact.declare.value.payments import Against, Metric, OutcomeContract
from impact.errors import Problem


def payment_problems(programme: Programme, contracts: tuple[OutcomeContract, ...]) -> Iterator[Problem]:
    """Yield what is wrong with outcome contracts."""
    for index, contract in enumerate(contracts):
        at = Location(FILE, programme.line(FILE, "payments", index), f"payments.{contract.id}")
        yield from _names(contract, at)
        yield from _metrics(programme, contract, at)
        yield from _cohorts(programme, contract, at)
        yield from _overall(programme, contract, at)
        yield from _units(programme, contract, at)
    for name in twice(contract.id for contract in contracts):
        at = Location(FILE, programme.line(FILE, "payments"), "payments")
        yield at.problem(f"two contracts are called '{name}'", fix="Rename one of them.")


def _names(contract: OutcomeContract, at: Location) -> Iterator[Problem]:
    """Yield ids that stand twice."""
    lists = {
        "metrics": [metric.id for metric in contract.metrics],
        "cohorts": [cohort.id for cohort in contract.cohorts],
        "reported": [reported.id for reported in contract.reported],
    }
    for field, ids in lists.items():
        for name in twice(ids):
            what = f"two {field} of contract '{contract.id}' are called '{name}'"
            yield at.at(f"{at.field}.{field}").problem(what, fix="Rename one of them.")
    codes = [cohort.code for cohort in contract.cohorts if cohort.code is not None]
    for code in twice(codes):
        yield at.at(f"{at.field}.cohorts").problem(f"two cohorts have the code '{code}'", fix="Keep one.")


def _metrics(programme: Programme, contract: OutcomeContract, at: Location) -> Iterator[Problem]:
    for metric in contract.metrics:
        here = at.at(f"{at.field}.metrics.{metric.id}")
        yield from known_indicator(programme, metric.indicator, here.at(f"{here.field}.indicator"))
        yield from _better(programme, contract, metric, here)
        if not isinstance(metric.against, Against):
            continue
        yield from known_indicator(programme, metric.against.indicator, here.at(f"{here.field}.against"))
        if any(cohort.indicators for cohort in contract.cohorts):
            what = "a metric held against an indicator has cohorts by code, so that both are of the same cohort"
            yield here.at(f"{here.field}.against").problem(
                what, fix="Give cohort_column and codes, or another against."
            )


def _better(programme: Programme, contract: OutcomeContract, metric: Metric, at: Location) -> Iterator[Problem]:
    """Yield the indicators whose direction says that the other results are better: they would be paid for harm."""
    named = (metric.indicator, *(cohort.indicators.get(metric.id, "") for cohort in contract.cohorts))
    for indicator in indicators_of(programme, *dict.fromkeys(named)):
        # Of what is to fall, a larger reduction is better
        rises = (indicator.direction == "increase") != (metric.counted == "relative_reduction")
        expected = "higher" if rises else "lower"
        if indicator.direction != "maintain" and metric.better != expected:
            what = f"{metric.better} results of '{indicator.id}' are paid for against its direction"
            fix = "Correct better, counted, or the direction of the indicator."
            yield at.at(f"{at.field}.better").problem(what, expected, metric.better, fix)


def _cohorts(programme: Programme, contract: OutcomeContract, at: Location) -> Iterator[Problem]:
    names = [metric.id for metric in contract.metrics]
    for cohort in contract.cohorts:
        here = at.at(f"{at.field}.cohorts.{cohort.id}")
        if cohort.indicators and set(cohort.indicators) != set(names):
            found = ", ".join(cohort.indicators)
            yield here.problem("a cohort names an indicator for each metric", ", ".join(names), found)
        for indicator in cohort.indicators.values():
            yield from known_indicator(programme, indicator, here.at(f"{here.field}.indicators"))
    finals = [last_day(cohort.final) for cohort in contract.cohorts if cohort.final]
    if finals != sorted(finals):
        what = "cohorts are paid in the order in which they stand, so their final days come in order"
        yield at.at(f"{at.field}.cohorts").problem(what, found=", ".join(finals), fix="Put the earliest first.")
    if contract.cohort_column is not None:
        for name in _of_cohorts(contract):
            yield from _codes(programme, contract, name, at)


def _of_cohorts(contract: OutcomeContract) -> list[str]:
    """Return the indicators that are cut into cohorts, each once."""
    names = [metric.indicator for metric in contract.metrics]
    names += [metric.against.indicator for metric in contract.metrics if isinstance(metric.against, Against)]
    return list(dict.fromkeys(names))


def _codes(programme: Programme, contract: OutcomeContract, name: str, at: Location) -> Iterator[Problem]:
    """Yield what is wrong with the column that cuts an indicator into cohorts."""
    indicator = next((indicator for indicator in programme.indicators if indicator.id == name), None)
    rows = programme.contracts.get(indicator.contract) if indicator else None
    if indicator is None or rows is None:
        return
    here, wanted = at.at(f"{at.field}.cohort_column"), contract.cohort_column or ""
    column = rows.columns.get(wanted)
    if column is None or column.type != "code":
        codes = [code for code, declared in rows.columns.items() if declared.type == "code"]
        yield here.problem(f"contract '{rows.id}' has no column of codes '{wanted}'", ", ".join(codes))
        return
    if wanted not in (*indicator.by, *indicator.scope):
        fix = f"Add {wanted} to by, or to scope, of '{name}'."
        yield here.problem(f"indicator '{name}' is not cut by '{wanted}'", fix=fix)
    known = programme.column_codes(column)
    for cohort in contract.cohorts:
        if cohort.code is not None and cohort.code not in known:
            field = f"{at.field}.cohorts.{cohort.id}.code"
            yield at.at(field).problem(f"'{wanted}' has no code '{cohort.code}'", ", ".join(known), cohort.code)


def _overall(programme: Programme, contract: OutcomeContract, at: Location) -> Iterator[Problem]:
    overall, here = contract.overall, at.at(f"{at.field}.overall")
    if overall is None:
        return
    names = [metric.id for metric in contract.metrics]
    if overall.metric not in names:
        yield here.problem(f"there is no metric '{overall.metric}'", ", ".join(names), overall.metric)
    if overall.indicator is not None:
        yield from known_indicator(programme, overall.indicator, here.at(f"{here.field}.indicator"))
    elif any(cohort.size is None for cohort in contract.cohorts):
        what = "the mean over cohorts needs the size of each"
        yield here.problem(what, fix="Give size to every cohort, or an indicator that was measured over all.")


def _units(programme: Programme, contract: OutcomeContract, at: Location) -> Iterator[Problem]:
    """Yield figures that are held against each other in different units."""
    units = {indicator.id: in_language(indicator.unit) for indicator in programme.indicators}
    for metric in contract.metrics:
        here = at.at(f"{at.field}.metrics.{metric.id}")
        others = [cohort.indicators.get(metric.id) for cohort in contract.cohorts]
        if isinstance(metric.against, Against):
            others.append(metric.against.indicator)
        yield from _same_unit(units, units.get(metric.indicator), others, here)
        if contract.overall is not None and contract.overall.metric == metric.id:
            counted = units.get(metric.indicator) if metric.counted in ("value", "effect") else "share"
            yield from _same_unit(units, counted, [contract.overall.indicator], at.at(f"{at.field}.overall.indicator"))


def _same_unit(
    units: Mapping[str, str], expected: str | None, names: Iterable[str | None], at: Location
) -> Iterator[Problem]:
    """Yield the indicators among the names that have another unit; those that are not declared are named elsewhere."""
    for name in names:
        unit = units.get(name or "")
        if unit is not None and expected is not None and unit != expected:
            yield at.problem(f"indicator '{name}' has another unit than what it is held against", expected, unit)
