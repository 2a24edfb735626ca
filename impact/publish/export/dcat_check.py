"""Whether a catalogue holds together: what DCAT-AP, and the Italian profile where it is declared, ask of each node.

The shapes of DCAT-AP are held against as well, where the environment says where they lie. The Italian profile is
checked here alone, for what it makes mandatory (https://docs.italia.it/italia/daf/linee-guida-cataloghi-dati-dcat-ap-it).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import get_args

from impact.declare.linked import DataTheme, Frequency
from impact.errors import Problem
from impact.publish.export.dossier import Dossier
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
from impact.publish.export.linked.shapes import dcat_shape_problems
from impact.publish.export.outside import schema_file
from impact.words.languages import LANGUAGES

NEEDED: Mapping[str, tuple[str, ...]] = {
    "Catalog": ("title", "description", "publisher", "dataset", "modified"),
    "Dataset": (
        *("title", "description", "identifier", "theme", "contactPoint", "publisher", "modified", "accrualPeriodicity"),
        *("distribution", "temporal", "language", "conformsTo", "provenance"),
    ),
    "Distribution": ("accessURL", "downloadURL", "format", "mediaType", "license", "byteSize", "title"),
    "Agent": ("name",),
    "Organization": ("fn", "hasEmail"),
    "PeriodOfTime": ("startDate", "endDate"),
    "Dataset_IT": ("rightsHolder",),
    "Agent_IT": ("identifier",),
}
"""What a node of each class must say."""
CLASSES = ("Catalog", "Dataset", "Distribution", "Agent")
"""What every catalogue has at least one of."""
LINKS = (
    *("dataset", "distribution", "publisher", "rightsHolder", "contactPoint", "temporal", "provenance", "conformsTo"),
    "license",
)
"""Terms whose values are nodes of the same file."""
BILINGUAL = {"Catalog": ("title", "description"), "Dataset": ("title", "description"), "Distribution": ("title",)}
SINGLE = ("modified", "accrualPeriodicity", "byteSize", "license", "publisher", "rightsHolder", "startDate", "endDate")
LISTS = {
    "theme": ("http://publications.europa.eu/resource/authority/data-theme/", get_args(DataTheme)),
    "accrualPeriodicity": ("http://publications.europa.eu/resource/authority/frequency/", get_args(Frequency)),
    "language": ("http://publications.europa.eu/resource/authority/language/", ("ITA", "ENG")),
}
"""Terms whose values are codes of a list, with the IRI before the code."""
FORMS = {
    "byteSize": re.compile(r"\d+"),
    "accessURL": re.compile(r"https?://\S+"),
    "downloadURL": re.compile(r"https?://\S+"),
    "hasEmail": re.compile(r"mailto:[^@\s]+@[^@\s]+\.[^@\s]+"),
    "spatial": re.compile(r"http://data\.europa\.eu/nuts/code/[A-Z]{2}[A-Z0-9]{0,3}"),
    "mediaType": re.compile(r"https://www\.iana\.org/assignments/media-types/[a-z]+/[A-Za-z0-9.+\-]+"),
    "format": re.compile(r"http://publications\.europa\.eu/resource/authority/file-type/[A-Z0-9_]+"),
}
"""How the values of a term are written."""
DAYS = ("modified", "startDate", "endDate")


def dcat_shapes() -> Path | None:
    """Return the path of the shapes of DCAT-AP; None where the environment leads to none."""
    return schema_file("dcat-ap", "dcat-ap-3.0.0-shacl.ttl")


def check_dcat(dossier: Dossier, made: Mapping[str, Path]) -> list[Problem]:
    """Return what is wrong with catalogues as written."""
    problems: list[Problem] = []
    for name, path in made.items():
        content = path.read_bytes()
        problems += dcat_problems(content, name)
        shapes = dcat_shapes()
        if shapes is not None and not problems:
            problems += dcat_shape_problems(content, shapes)
    return problems


def dcat_problems(content: bytes, name: str) -> list[Problem]:
    """Return what is wrong with a catalogue.

    Parameters
    ----------
    content
        Of the file.
    name
        What it is called in problems.
    """
    nodes, _, problems = read_graph(content, name)
    problems += [*absent(nodes, CLASSES, name), *lacking(nodes, NEEDED), *repeated(nodes, SINGLE)]
    rules = (_languages, _coded, _formed, _dated, _unlisted)
    return [*problems, *dangling(nodes, LINKS), *(problem for rule in rules for problem in rule(nodes))]


def _languages(nodes: Iterable[Node]) -> Iterator[Problem]:
    """Yield texts that are not there once in each language."""
    for node in nodes:
        for kind in values(node, "@type"):
            for term in BILINGUAL.get(kind, ()):
                said = [text.get("@language") for text in values(node, term) if isinstance(text, dict)]
                if sorted(map(str, said)) != sorted(LANGUAGES):
                    yield Problem(f"{term} is not said once in each language", field=name_of(node), found=str(said))


def _coded(nodes: Iterable[Node]) -> Iterator[Problem]:
    for node in nodes:
        for term, (base, codes) in LISTS.items():
            for target in targets(node, term):
                if target.removeprefix(base) not in codes or not target.startswith(base):
                    yield Problem(
                        f"{term} is no code of its list", field=name_of(node), expected=base + "…", found=target
                    )


def _formed(nodes: Iterable[Node]) -> Iterator[Problem]:
    for node in nodes:
        for term, form in FORMS.items():
            for target in targets(node, term):
                if not form.fullmatch(target):
                    yield Problem(f"{term} is not written as it must be", field=name_of(node), found=target)


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _dated(nodes: Iterable[Node]) -> Iterator[Problem]:
    for node in nodes:
        days = {term: _day(str(value)) for term in DAYS for value in values(node, term)}
        for term, day in days.items():
            if day is None:
                yield Problem(f"{term} is no day", field=name_of(node), found=str(node[term]))
        start, end = days.get("startDate"), days.get("endDate")
        if start and end and start > end:
            yield Problem("the period ends before it begins", field=name_of(node), found=f"{start} to {end}")


def _unlisted(nodes: Iterable[Node]) -> Iterator[Problem]:
    """Yield data sets of no catalogue, files of no data set, and what is of two."""
    listed = list(nodes)
    for kind, term in (("Dataset", "dataset"), ("Distribution", "distribution")):
        said = [target for node in listed for target in targets(node, term)]
        for node in of_type(listed, kind):
            if said.count(name_of(node)) != 1:
                yield Problem(
                    f"a node of {kind} is listed {said.count(name_of(node))} times", field=name_of(node), expected="1"
                )
