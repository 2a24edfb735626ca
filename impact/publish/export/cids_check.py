"""Whether a file of CIDS holds together: every report has indicator, number and unit, and is one of the data set.

The shapes of the standard look at no value, and let nearly every link be left out; they are held against as well, where
the environment says where they lie.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from impact.errors import Problem
from impact.publish.export.cids_context import LINKS
from impact.publish.export.dossier import Dossier
from impact.publish.export.linked.figures import DECIMAL, decimal_text, figures, results
from impact.publish.export.linked.graph import (
    Node,
    absent,
    dangling,
    lacking,
    name_of,
    of_type,
    read_graph,
    repeated,
    targets,
    values,
)
from impact.publish.export.linked.shapes import cids_shape_problems
from impact.publish.export.outside import schema_file
from impact.publish.official.addresses import definition_address, place_address

MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
CLASSES = ("Organization", "Program", "ImpactModel", "Indicator", "IndicatorReport")
"""What every file has at least one of: shapes that find nothing to look at say that all is well."""
NEEDED = {
    "Organization": ("hasLegalName",),
    "Program": ("hasName", "forOrganization"),
    "Indicator": ("hasName", "hasDescription", "unitDescription", "forOrganization"),
    "IndicatorReport": ("hasName", "value", "forIndicator", "forOrganization", "startedAtTime", "endedAtTime"),
    "Target": ("hasName", "value", "startedAtTime", "endedAtTime"),
    "ImpactReport": ("forOutcome", "hasImpactDepth", "startedAtTime", "endedAtTime"),
    "ImpactDepth": ("value", "forIndicator"),
    "Outcome": ("hasName", "forOrganization"),
    "Measure": ("hasNumericalValue", "unit_of_measure"),
}
"""What a node of each class must say."""
SINGLE = ("value", "forIndicator", "startedAtTime", "endedAtTime", "hasNumericalValue", "unit_of_measure", "hasName")
"""Terms of which a node has one."""
POINTS_TO = {
    "forIndicator": "Indicator",
    "unit_of_measure": "Unit_of_measure",
    "forOutcome": "Outcome",
    "value": "Measure",
}
"""The class that the value of a term must have."""


def cids_shapes() -> Path | None:
    """Return the path of the shapes of the full tier; None where the environment leads to none."""
    return schema_file("cids", "cids.fulltier.shacl.ttl")


def check_cids(dossier: Dossier, made: Mapping[str, Path]) -> list[Problem]:
    """Return what is wrong with files of CIDS as written."""
    problems: list[Problem] = []
    for name, path in made.items():
        content = path.read_bytes()
        problems += cids_problems(content, name, expected_reports(dossier))
        shapes = cids_shapes()
        if shapes is not None and not problems:
            problems += cids_shape_problems(content, shapes)
    return problems


def expected_reports(dossier: Dossier) -> dict[str, str]:
    """Return the value of each report that a data set has, by its address."""
    mapping = dossier.published.mapping(dossier.programme)
    home = mapping.linked.home or ""
    reports: dict[str, str] = {}
    for figure in results(figures(dossier.data_set, mapping.area)):
        if figure.value is not None:
            here = definition_address(home, dossier.programme, figure.indicator)
            reports[place_address(here, "report", figure.key)] = decimal_text(figure.value)
    return reports


def cids_problems(content: bytes, name: str, expected: Mapping[str, str]) -> list[Problem]:
    """Return what is wrong with a file of CIDS.

    Parameters
    ----------
    content
        Of the file.
    name
        What it is called in problems.
    expected
        The value of each report that must be there, and no other, by address.
    """
    nodes, _, problems = read_graph(content, name)
    every = list(_all(nodes))
    problems += [*absent(every, CLASSES, name), *lacking(every, NEEDED), *repeated(every, SINGLE)]
    problems += [*_wrong_class(every), *_numbers(every), *_moments(every), *dangling(every, LINKS)]
    return problems + list(_counted(every, expected))


def _all(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield the nodes, and those within them that say more than their name."""
    for node in nodes:
        yield node
        for name in node:
            inner = [value for value in values(node, name) if isinstance(value, dict) and "@type" in value]
            yield from _all(inner)


def _wrong_class(nodes: Iterable[Node]) -> Iterator[Problem]:
    listed = list(nodes)
    kinds = {name_of(node): values(node, "@type") for node in listed}
    for node in listed:
        for term, kind in POINTS_TO.items():
            for target in targets(node, term):
                if target in kinds and kind not in kinds[target]:
                    yield Problem(f"{term} does not point to a node of {kind}", field=name_of(node), found=target)


def _numbers(nodes: Iterable[Node]) -> Iterator[Problem]:
    for node in of_type(nodes, "Measure"):
        for text in values(node, "hasNumericalValue"):
            if not isinstance(text, str) or not DECIMAL.fullmatch(text):
                yield Problem(
                    "the value is no number", field=name_of(node), expected="digits and a point", found=str(text)
                )


def _moments(nodes: Iterable[Node]) -> Iterator[Problem]:
    for node in nodes:
        start, end = (str(next(iter(values(node, term)), "")) for term in ("startedAtTime", "endedAtTime"))
        if not start and not end:
            continue
        if not MOMENT.fullmatch(start) or not MOMENT.fullmatch(end) or start > end:
            yield Problem("a time does not end after it begins", field=name_of(node), found=f"{start} to {end}")


def _counted(nodes: Iterable[Node], expected: Mapping[str, str]) -> Iterator[Problem]:
    """Yield reports that the data set has and the file has not, or the other way round, or with another value."""
    there: dict[str, str] = {}
    for node in of_type(nodes, "IndicatorReport"):
        numbers = [
            str(value.get("hasNumericalValue", "")) for value in values(node, "value") if isinstance(value, dict)
        ]
        there[name_of(node)] = next(iter(numbers), "")
    for address in sorted(expected.keys() | there.keys()):
        if expected.get(address) != there.get(address):
            yield Problem(
                "a report is not that of the data set",
                field=address,
                expected=expected.get(address, "none"),
                found=there.get(address, "none"),
            )
