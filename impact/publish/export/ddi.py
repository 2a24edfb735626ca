"""DDI-Codebook 2.6: the study, its files and every column of them, in both languages; no row of anybody is in it.

What is counted of answers comes from the published table of answers, and stands here only where nothing of it is
withheld. A title of a column is its label; nothing declared says that it is the wording of a question, so there is no
``qstn``. Order of elements: the XML Schema of DDI-Codebook 2.6, which is asked where it is at hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from impact.errors import Problem
from impact.publish.export import ddi_variables
from impact.publish.export.ddi_variables import Element, Study, Texts, add, both, file_id, study_of
from impact.publish.export.dossier import Dossier
from impact.publish.export.format import Format, Takes, needed
from impact.publish.export.outside import schema_file, validation

NAMESPACE = "ddi:codebook:2_6"
SCHEMA = ("ddi-codebook-2.6", "codebook.xsd")
"""Where the standard's schema lies in the folder of schemas."""
_PRODUCERS = ("lead", "partner")


def write_ddi(dossier: Dossier) -> bytes:
    """Write the codebook of a programme."""
    etree = needed("lxml.etree")
    study = study_of(dossier)
    root = etree.Element(f"{{{NAMESPACE}}}codeBook", version="2.6", nsmap={None: NAMESPACE})
    _document(root, study)
    _study(root, study)
    for contract in study.contracts:
        _file(root, study, contract)
    data = add(root, "dataDscr")
    for variable in study.variables:
        ddi_variables.describe(data, study, variable)
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return text


# ---- the document, the study -----------------------------------------------------------------------------------------


def _document(root: Element, study: Study) -> None:
    citation = add(add(root, "docDscr"), "citation")
    _title(citation, study, study.said("ddi.document", title=study.titles))
    add(add(citation, "prodStmt"), "software", "impact")
    add(add(citation, "verStmt"), "version", study.dossier.origin.version)


def _title(citation: Element, study: Study, titles: Mapping[str, str]) -> None:
    """Add a title in Italian, and the English one beside it."""
    statement = add(citation, "titlStmt")
    add(statement, "titl", titles["it"], lang="it")
    add(statement, "parTitl", titles["en"], lang="en")
    add(statement, "IDNo", study.dossier.programme, agency=study.agency)


def _study(root: Element, study: Study) -> None:
    described = add(root, "stdyDscr")
    citation = add(described, "citation")
    _title(citation, study, study.titles)
    _bodies(citation, study)
    add(add(citation, "verStmt"), "version", study.dossier.origin.version)
    information = add(described, "stdyInfo")
    both(information, "abstract", study.text("summary"))
    _scope(add(information, "sumDscr"), study)
    _method(add(described, "method"), study)
    _access(add(described, "dataAccs"), study)


def _bodies(citation: Element, study: Study) -> None:
    """Add who makes the study, who pays for it and who gives it out."""
    production = add(citation, "prodStmt")
    for body in study.bodies:
        if body["role"] in _PRODUCERS:
            add(production, "producer", body["name"], role=body["role"])
    for body in study.bodies:
        if body["role"] == "funder":
            add(production, "fundAg", body["name"])
    if study.mapping.publisher:
        distribution = add(citation, "distStmt")
        add(distribution, "distrbtr", study.mapping.publisher)
        if study.mapping.email:
            add(distribution, "contact", study.mapping.email, email=study.mapping.email)


def _scope(summary: Element, study: Study) -> None:
    for event in ("start", "end"):
        day = study.programme[f"period_{event}"]
        add(summary, "timePrd", day, date=day, event=event)
    for wave in study.waves:
        texts: Texts = {language: wave[f"title_{language}"] for language in study.languages}
        both(summary, "collDate", texts, date=wave["date"], event="single", cycle=wave["wave"])
    add(summary, "geogCover", study.programme["territory"])
    units = dict.fromkeys(variable.unit_of_analysis for variable in study.variables)
    for unit in units:
        add(summary, "anlyUnit", unit)
    for unit in units:
        add(summary, "universe", unit)
    both(summary, "dataKind", study.said(f"official.data_kind.{study.data_kind}"), type=study.data_kind)


def _method(method: Element, study: Study) -> None:
    """Add the waves, and what samples are declared: strata, clusters, weights."""
    collection = add(method, "dataColl")
    if study.waves:
        both(collection, "timeMeth", study.said("ddi.waves", count=len(study.waves)))
    for role in ("strata", "cluster", "population"):
        for variable in study.with_role(role):
            both(collection, "sampProc", study.said(f"ddi.{role}", column=variable.column, contract=variable.contract))
    if study.sources:
        sources = add(collection, "sources")
        for source in study.sources:
            add(sources, "dataSrc", source)
    for variable in study.with_role("weight"):
        both(collection, "weight", study.said("ddi.weight", column=variable.column, contract=variable.contract))


def _access(access: Element, study: Study) -> None:
    use = add(access, "useStmt")
    both(use, "confDec", study.said("export.rule", minimum=int(study.programme["minimum"])))
    if study.mapping.licence:
        add(use, "conditions", study.mapping.licence)


def _file(root: Element, study: Study, contract: str) -> None:
    text = add(add(root, "fileDscr", ID=file_id(contract)), "fileTxt")
    add(text, "fileName", contract)
    both(text, "fileCont", study.contract_titles(contract))
    dimensions = add(text, "dimensns")
    if (rows := study.rows(contract)) is not None:
        add(dimensions, "caseQnty", str(rows))
    add(dimensions, "varQnty", str(len(study.of_contract(contract))))
    add(text, "fileType", "sav, dta")


# ---- what was written ------------------------------------------------------------------------------------------------


def check_ddi(dossier: Dossier, files: Mapping[str, Path]) -> list[Problem]:
    """Return what is wrong with codebooks: by the standard's schema where it is at hand, and by what is declared."""
    problems: list[Problem] = []
    for name, path in files.items():
        tree = _parsed(path)
        problems += [*_schema_problems(name, tree), *_content_problems(name, tree, study_of(dossier))]
    return problems


def _parsed(path: Path) -> Any:
    etree = needed("lxml.etree")
    return etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True))


def _schema_problems(name: str, tree: Any) -> Iterator[Problem]:
    path = schema_file(*SCHEMA)
    if path is None:
        return
    schema = needed("lxml.etree").XMLSchema(_parsed(path))
    schema.validate(tree)
    for error in schema.error_log:
        yield Problem(error.message, name, error.line)


def _content_problems(name: str, tree: Any, study: Study) -> Iterator[Problem]:
    """Yield where the columns of a codebook are not those that are declared, once and in order."""
    written = tree.findall(f"{{{NAMESPACE}}}dataDscr/{{{NAMESPACE}}}var")
    names = [element.get("ID") for element in written]
    expected = [ddi_variables.variable_id(variable) for variable in study.variables]
    if names != expected:
        yield Problem("the columns differ", name, expected=", ".join(expected), found=", ".join(map(str, names)))
        return
    ids = [element.get("ID") for element in tree.iter() if element.get("ID")]
    if len(ids) != len(set(ids)):
        yield Problem("two elements have the same ID", name)
    for element, variable in zip(written, study.variables, strict=True):
        yield from _variable_problems(name, element, variable, study)


def _variable_problems(name: str, element: Any, variable: Any, study: Study) -> Iterator[Problem]:
    expected = ddi_variables.facts_of(variable, study)
    for what, found in ddi_variables.read_facts(element).items():
        if found != expected[what]:
            yield Problem(
                f"{what} differ from what is declared", name, element.sourceline, variable.column,
                str(expected[what]), str(found),
            )  # fmt: skip


def _counted(dossier: Dossier) -> int:
    return len(study_of(dossier).variables)


def _pack(dossier: Dossier) -> Mapping[str, bytes]:
    return {"codebook.xml": write_ddi(dossier)}


FORMAT = Format(
    ".ddi.xml",
    "application/xml",
    Takes.DOSSIER,
    write_ddi,
    _pack,
    check=check_ddi,
    validation=lambda: validation(schema_file(*SCHEMA), "DDI-Codebook 2.6 XSD"),
    counted=_counted,
    needs="lxml",
)
