"""One way to read XML: the parser of the standard library, with name spaces and without document types.

A document type is where entities are declared, which swell or reach outside; neither SDMX nor workbooks need one.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.parsers import expat


class RefusedError(Exception):
    """Raised inside the parser, to stop it: what is wrong, and what was expected."""


def strict_parser(
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
    encoding: str | None = None,
) -> expat.XMLParserType:
    """Return a parser that calls these; names are ``namespace local``, or ``local`` where there is no name space."""
    parser = expat.ParserCreate(encoding=encoding, namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def local(name: str) -> str:
    """Return a name without its name space."""
    return name.rpartition(" ")[2]


def _refuse_doctype(*_: object) -> None:
    raise RefusedError("the file declares a document type (DTD), which data never need", "XML without a DTD")
