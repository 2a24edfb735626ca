"""What an indicator is, in words: formula, unit, rows, design; from its declaration as it was run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from impact.declare.base import OPERATORS
from impact.words import Words

Declared = Mapping[str, Any]
"""What stands in a declaration, as it was read."""


def definition_text(declared: Declared, unit: str, words: Words, *, contract: str = "", design: str = "") -> str:
    """Return the definition of an indicator as sentences.

    Parameters
    ----------
    declared
        As :meth:`impact.publish.published.ReaderTables.definitions` gives it.
    unit
        Of its values, in the language of the words.
    words
        Of the language that is wanted.
    contract
        Title of the contract whose rows it counts; without, its id.
    design
        What estimated its effect, in words; without, the kind of design that is declared.
    """
    return " ".join(_sentences(declared, unit, words, contract, design))


def _sentences(declared: Declared, unit: str, words: Words, contract: str, design: str) -> Iterator[str]:
    formula = formula_words(declared["formula"], words)
    yield words("definition.text.formula", formula=formula[:1].upper() + formula[1:], unit=unit)
    yield population_words(declared, words, contract)
    said = design or design_kind(declared, words)
    if said:
        yield words("definition.text.design", design=said)


def design_kind(declared: Declared, words: Words) -> str:
    """Return the kind of design that is declared; nothing where there is none."""
    design = declared.get("ex_post", {}).get("design") or {}
    kind = str(design.get("kind", ""))
    key = f"definition.design.{kind}"
    return words(key) if words.has(key) else kind


def population_words(declared: Declared, words: Words, contract: str = "") -> str:
    """Say which rows an indicator counts."""
    contract = contract or str(declared["contract"])
    where = [_test(condition, words) for condition in declared.get("where") or ()]
    if not where:
        return words("definition.text.population", contract=contract)
    return words("definition.text.where", contract=contract, where=words("definition.and").join(where))


def formula_words(formula: Declared, words: Words) -> str:
    """Return a formula in words; of a kind that a package adds, its name."""
    kind = str(formula["kind"])
    values = {name: _plain(value, words) for name, value in formula.items()}
    if kind == "scale":
        return _scale(formula, values, words)
    if kind == "derived":
        return _derived(formula, words)
    if kind == "composite":
        names = ", ".join(component["indicator"] for component in formula["components"])
        return words(f"definition.formula.composite.{formula['method']}", units=formula["units"], components=names)
    if kind == "mean" and formula.get("transform"):
        values["column"] = words("definition.formula.log", **values)
    if kind == "proportion":
        values["condition"] = _test(formula["of"], words)
    if kind in ("change", "threshold"):
        values["of"] = formula_words(formula["of"], words)
    if kind == "threshold":
        values["limit"] = _limit(formula, words)
    key = f"definition.formula.{kind}"
    return words(key, **values) if words.has(key) else words("definition.formula.other", kind=kind)


def _derived(formula: Declared, words: Words) -> str:
    first, second = formula["operands"]
    said = words(f"definition.formula.derived.{formula['operation']}", first=first, second=second)
    if formula["factor"] == 1:
        return said
    return words("definition.formula.times", of=said, multiply=_plain(formula["factor"], words))


def _scale(formula: Declared, values: Mapping[str, str], words: Words) -> str:
    said = words(f"definition.formula.scale.{formula['aggregate']}", **values)
    return said if formula["multiply"] == 1 else words("definition.formula.times", of=said, multiply=values["multiply"])


def _limit(formula: Declared, words: Words) -> str:
    limits = [name for name in ("at_least", "at_most", "above", "below") if formula.get(name) is not None]
    said = [words(f"definition.limit.{name}", operand=_plain(formula[name], words)) for name in limits]
    return words("definition.and").join(said)


def _test(condition: Declared, words: Words) -> str:
    """Return a condition in words."""
    operator = next(name for name in OPERATORS if condition.get(name) is not None)
    column, operand = str(condition["column"]), condition[operator]
    if operator == "is_missing":
        return words(f"definition.test.{'missing' if operand else 'present'}", column=column)
    return words(f"definition.test.{operator}", column=column, operand=_plain(operand, words))


def _plain(value: Any, words: Words) -> str:
    """Return a declared value as text: numbers with all their digits, lists in a row."""
    if isinstance(value, list | tuple):
        return ", ".join(_plain(item, words) for item in value)
    return words.exact(value) if isinstance(value, float) else str(value)
