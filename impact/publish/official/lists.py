"""The code lists that are the same for every programme: SDMX cross-domain lists, as far as they are used, and our own.

Codes and their meaning follow the code lists that the SDMX Statistical Working Group maintains for all domains
(https://sdmx.org/guidelines/cross-domain-code-lists/): CL_FREQ 2.1, CL_OBS_STATUS 2.2, CL_CONF_STATUS 1.3,
CL_UNIT_MULT 1.1, CL_DECIMALS 1.1. Each list names only the codes that occur here, in words of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from impact.publish.official.structure import CodeList, CodeOf, Names
from impact.words import words_in
from impact.words.languages import LANGUAGES

TOTAL, UNSPECIFIED, NO_VALUE = "_T", "_X", "_U"
"""Codes that SDMX gives one meaning in every list: total, not specified, unknown."""
MEASURES = ("VALUE", "VALUE_LOW", "VALUE_HIGH", "BASELINE", "TARGET", "FORECAST", "EFFECT", "EFFECT_LOW", "EFFECT_HIGH")
"""What a number says: of a wave, of the promise, of the effect."""
ARMS = {"": TOTAL, "treated": "TREATED", "comparison": "COMPARISON"}
"""The arms of a design in CL_ARM, by what stands in the column ``arm``."""
OBS_STATUS_OF_FLAG = {
    "break": "B",
    "forecast": "F",
    "provisional": "P",
    "estimated": "E",
    "low_reliability": "U",
}
"""The observation status of a value's cautions, that of most weight first; SDMX 2.1 has room for one.

The order is that of the guideline "Possible ways of implementing the observation status concept" (SDMX, 2.0, 2019).
"""
OBS_STATUS_OF_MISSING = {
    "missing": "O",
    "skipped": "L",
    "refused": "L",
    "not_applicable": "M",
    "suppressed": "Q",
    "few": "Q",
    "complement": "Q",
}
"""The observation status of each reason for which there is no value.

The official list is coarser: ``skipped`` and ``refused`` are one code, and so are the three kinds of suppression. The
attribute ``MISSING_KIND`` keeps the reason, so that nothing is lost on the way out and back.
"""
CONF_STATUS_OF_MISSING = {"few": "A", "complement": "D", "suppressed": "C"}
"""The confidentiality status of what is hidden; everything else is free for publication."""
FREE, NORMAL = "F", "A"
_SDMX = "SDMX {name}({edition}), https://sdmx.org/guidelines/cross-domain-code-lists/"
_EDITIONS = {
    "CL_FREQ": "2.1",
    "CL_OBS_STATUS": "2.2",
    "CL_CONF_STATUS": "1.3",
    "CL_UNIT_MULT": "1.1",
    "CL_DECIMALS": "1.1",
}


def names(key: str, **values: Any) -> Names:
    """Return the words of a key in both languages."""
    return {language: words_in(language)(key, **values) for language in LANGUAGES}


def listed(id: str, codes: Iterable[CodeOf], source: str = "", **values: Any) -> CodeList:
    """Return a list by its id, whose name stands in the catalogue of words."""
    edition = _EDITIONS.get(id)
    cited = _SDMX.format(name=id, edition=edition) if edition else source
    return CodeList(id, names(f"official.list.{id}", **values), tuple(codes), cited)


def _worded(prefix: str, codes: Iterable[str]) -> tuple[CodeOf, ...]:
    return tuple(CodeOf(code, names(f"official.{prefix}.{code}")) for code in codes)


def total() -> CodeOf:
    """Return the code of everything that a dimension tells apart."""
    return CodeOf(TOTAL, names("official.total"))


def fixed_lists() -> Mapping[str, CodeList]:
    """Return the lists that do not depend on a programme, by id."""
    codes: Mapping[str, Iterable[CodeOf]] = {
        "CL_FREQ": _worded("freq", "ASQMD"),
        "CL_MEASURE": _worded("measure", MEASURES),
        "CL_ARM": (total(), *_worded("arm", ("TREATED", "COMPARISON"))),
        "CL_LEVEL": _worded("level", ("micro", "meso", "macro")),
        "CL_OBS_STATUS": _worded("obs_status", "ABEFLMOPQU"),
        "CL_CONF_STATUS": _worded("conf_status", "ACDF"),
        "CL_MISSING_KIND": _worded("missing", OBS_STATUS_OF_MISSING),
        "CL_DATA_KIND": _worded("data_kind", ("real", "synthetic")),
        "CL_UNIT_MULT": (CodeOf(str(power), names("official.multiplier", power=power)) for power in range(13)),
        "CL_DECIMALS": (CodeOf(str(count), names("official.decimals", count=count)) for count in range(16)),
        "CL_EVIDENCE_LEVEL": (CodeOf(str(level), names("official.evidence", level=level)) for level in range(1, 6)),
    }
    return {id: listed(id, of_list) for id, of_list in codes.items()}
