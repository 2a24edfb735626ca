"""SDMX-ML read back while it is held against a schema: nothing of it is kept but the rows that are being read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from impact.errors import Problem
from impact.publish.official.sdmx_names import Codes, codes_problems, definition_of, flow_of
from impact.publish.official.sdmx_read import BATCH, Batch
from impact.publish.official.sdmx_schema import schema_of
from impact.publish.official.sdmx_xml import Version, namespaces, schema_path
from impact.publish.official.structure import Structure

SHOWN = 5
"""How many complaints of a schema are passed on."""


def read_ml(path: Path, structure: Structure, version: Version, problems: list[Problem]) -> Iterator[Batch]:
    """Yield the rows of a file of structure-specific data, in series.

    Parameters
    ----------
    path
        Of the file.
    structure, version
        What it should be made of, and by which edition of the standard.
    problems
        Takes what is wrong with the file itself: by the standard's schema, by that of the structure, by its header.
    """
    spaces = namespaces(version)
    usage, data = f"{{{spaces['com']}}}StructureUsage", f"{{{spaces['mes']}}}DataSet"
    names = [component.id for component in structure.components]
    rows: list[list[str | None]] = []
    seen: list[str] = []
    parser = etree.iterparse(
        path, ("start", "end"), tag=(usage, data, "Series", "Obs"), schema=schema_of(structure, version),
        resolve_entities=False, no_network=True, huge_tree=False,
    )  # fmt: skip
    try:
        for event, element in parser:
            if event == "start" and element.tag == data:
                problems.extend(_action_problems(element, spaces, path))
            if event == "start":
                continue
            if element.tag == "Obs":
                rows.append(_row(element, names))
            elif element.tag == usage:
                seen.append(_flow(element))
            if element.tag in ("Series", "Obs"):
                _forget(element)
            if len(rows) >= BATCH:
                yield _batch(names, rows)
                rows = []
    except etree.XMLSyntaxError as error:
        problems.extend(_complaints(parser.error_log, error, path))
        return
    problems.extend(_usage_problems(seen, structure, path))
    yield _batch(names, rows)


def _row(element: etree._Element, names: list[str]) -> list[str | None]:
    """Return an observation: what stands at it, and at its series."""
    series = element.getparent()
    return [element.get(name) if name in element.attrib else series.get(name) for name in names]


def _batch(names: list[str], rows: list[list[str | None]]) -> Batch:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return dict(zip(names, columns, strict=True))


def _forget(element: etree._Element) -> None:
    """Free what was read: the element's own content, and all that stands before it."""
    if element.tag == "Series":
        element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def _flow(usage: etree._Element) -> str:
    """Return the data flow that a header refers to, as a URN."""
    for reference in usage.iter("Ref"):
        parts = reference.attrib
        name = f"{parts.get('agencyID')}:{parts.get('id')}({parts.get('version')})"
        return f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={name}"
    return usage.text or ""


def _usage_problems(seen: list[str], structure: Structure, path: Path) -> Iterator[Problem]:
    expected = flow_of(structure).urn
    if seen != [expected]:
        yield Problem("the message is of another data flow", path.name, expected=expected, found=", ".join(seen))


def _action_problems(data: etree._Element, spaces: dict[str, str], path: Path) -> Iterator[Problem]:
    action = data.get(f"{{{spaces['ss']}}}action")
    if action != "Information":
        yield Problem("the action is another", path.name, expected="Information", found=str(action))


def _complaints(log: etree._ListErrorLog, error: etree.XMLSyntaxError, path: Path) -> list[Problem]:
    """Return what a schema or the parser says of a file, each thing once."""
    texts = dict.fromkeys((entry.message, entry.line) for entry in log) or {(str(error), error.lineno): None}
    return [Problem(f"the schema refuses it: {text}", path.name, line or None) for text, line in list(texts)[:SHOWN]]


# ---- messages of structures ------------------------------------------------------------------------------------------


def structure_problems(path: Path, structure: Structure, version: Version) -> list[Problem]:
    """Return what is wrong with a structure message: by the standard's schema, then beside the structure itself."""
    schema = etree.XMLSchema(etree.parse(str(schema_path(version))))
    try:
        tree = etree.parse(str(path), etree.XMLParser(resolve_entities=False, no_network=True))
        schema.assertValid(tree)
    except (etree.XMLSyntaxError, etree.DocumentInvalid) as error:
        return [Problem(f"the schema refuses it: {error}", path.name)]
    spaces = namespaces(version)
    problems = codes_problems(_codes(tree, spaces), structure, path)
    ids = [element.get("urn") for element in tree.iterfind(".//str:DataStructure", spaces)]
    if ids != [definition_of(structure).urn]:
        problems.append(Problem("the data structure is another", path.name, found=str(ids)))
    return problems


def _codes(tree: etree._ElementTree, spaces: dict[str, str]) -> Codes:
    codes: Codes = {}
    for codelist in tree.iterfind(".//str:Codelist", spaces):
        items = codelist.iterfind("str:Code", spaces)
        codes[codelist.get("id")] = {code.get("id"): _code(code, spaces) for code in items}
    return codes


def _code(code: etree._Element, spaces: dict[str, str]) -> tuple[dict[str, str], str]:
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    names = {name.get(lang): name.text or "" for name in code.iterfind("com:Name", spaces)}
    parent = code.find("str:Parent", spaces)
    if parent is None:
        return names, ""
    reference = parent.find("Ref")
    return names, (parent.text if reference is None else reference.get("id")) or ""
