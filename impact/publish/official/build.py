"""The data structure of a programme, made when a run publishes: from its declarations and the parts that have numbers.

Kept edition by edition: an earlier one stays as it was, see :mod:`impact.publish.official.versions`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import duckdb
import pandas as pd

from impact.declare import Programme, in_language
from impact.declare.base import Text
from impact.declare.export import AREAS, IDENTIFIER, OfficialUnit, official_unit
from impact.declare.indicators import Indicator
from impact.declare.linked import Linked
from impact.declare.programme import Wave
from impact.formulas.registry import kind_of
from impact.publish.official.addresses import definition_address
from impact.publish.official.lists import NO_VALUE, TOTAL, UNSPECIFIED, fixed_lists, listed, names, total
from impact.publish.official.mapping import IndicatorFacts, OfficialMapping, read_mapping
from impact.publish.official.period import frequency
from impact.publish.official.structure import (
    Attached,
    CodeList,
    CodeOf,
    Component,
    Names,
    Role,
    Structure,
    read_structure,
)
from impact.publish.official.structure import Text as Kind
from impact.publish.official.versions import FIRST, change_between, raised
from impact.tables.frames import to_frame
from impact.tables.official import StructureEdition, StructureMapping
from impact.tables.part import MISSING_GROUP
from impact.words.languages import LANGUAGES

AREA, POPULATION, PART = "REF_AREA", "POPULATION", "PART"
SHARE_DECIMALS, VALUE_DECIMALS = 4, 2
"""Decimals of a share (a hundredth of a per cent) and of any other value that is no total, where none are declared."""
_PARTS = """
SELECT DISTINCT CASE scope WHEN 'programme' THEN "group" ELSE scope END AS "column",
    CASE scope WHEN 'programme' THEN group_value ELSE scope_value END AS code, scope <> 'programme' AS cuts_programme
FROM impact.measure WHERE programme = $1 AND (scope <> 'programme' OR "group" <> 'all')
ORDER BY ALL
"""
_TITLES = """
SELECT "column", code, any_value(title_en) AS en, any_value(title_it) AS it, any_value(parent) AS parent,
    any_value(CAST(same_as AS VARCHAR)) AS same_as, min(depth) AS depth, min(place) AS place
FROM impact.part WHERE programme = $1 GROUP BY ALL ORDER BY depth, place, "column", code
"""


@dataclass(frozen=True)
class Cut:
    """A part that has numbers: its column and code, and what is known of it."""

    column: str
    code: str
    cuts_programme: bool
    names: Names
    parent: str
    other: Mapping[str, str]
    listed: bool = True
    """Whether a code list or a title tells of it; what stands in data alone is no official code."""

    @property
    def key(self) -> str:
        """As a mapping names it."""
        return f"{self.column}={self.code}"


def make_structures(programme: Programme, connection: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """Return every edition of the programme's data structure, the one of this run last, and the mapping to it.

    Parameters
    ----------
    programme
        With ``export.yaml``, possibly empty.
    connection
        In the run's transaction, with measures and parts written.
    """
    cuts = list(_cuts(programme, connection))
    places = {cut.key: _place(programme, cut) for cut in cuts}
    unmapped = tuple(key for key, place in places.items() if place is None)
    standing = {key: place for key, place in places.items() if place is not None}
    structure = _structure(programme, [cut for cut in cuts if cut.key in standing], standing)
    editions = _editions(programme, connection, structure, standing)
    mapping = StructureMapping(
        programme=programme.id, content=_mapping(programme, standing).to_json(), unmapped=unmapped
    )
    return {
        "structure": to_frame(StructureEdition, editions),
        "structure_mapping": to_frame(StructureMapping, [mapping]),
    }


def _editions(
    programme: Programme,
    connection: duckdb.DuckDBPyConnection,
    structure: Structure,
    places: Mapping[str, Mapping[str, str]],
) -> list[StructureEdition]:
    """Return the editions that were there, and this one where it differs from the last of them."""
    rows = connection.execute(
        "SELECT version, change, content FROM impact.structure WHERE programme = ? ORDER BY place", [programme.id]
    ).fetchall()
    last = read_structure(rows[-1][2]) if rows else None
    change = change_between(last, structure) if last else ""
    if last and change and _moved(programme, connection, places):
        change = "major"
    if last is None or change:
        version = raised(last.version, change) if last else FIRST
        rows.append((version, change, replace(structure, version=version).to_json()))
    return [
        StructureEdition(programme=programme.id, place=place, version=version, change=change, content=content)
        for place, (version, change, content) in enumerate(rows, 1)
    ]


def _moved(
    programme: Programme, connection: duckdb.DuckDBPyConnection, places: Mapping[str, Mapping[str, str]]
) -> bool:
    """Tell whether a part has another code than before: what looks like new names is then another part."""
    query = "SELECT content FROM impact.structure_mapping WHERE programme = ?"
    rows = connection.execute(query, [programme.id]).fetchall()
    before = read_mapping(rows[0][0]).parts if rows else {}
    return any(before.get(key, place) != place for key, place in places.items())


def _cuts(programme: Programme, connection: duckdb.DuckDBPyConnection) -> Iterator[Cut]:
    """Yield the parts that have numbers, those above before those below them."""
    parts = connection.execute(_PARTS, [programme.id]).fetchall()
    titled = {(row[0], row[1]): row[2:] for row in connection.execute(_TITLES, [programme.id]).fetchall()}
    order = {key: place for place, key in enumerate(titled)}
    for column, code, cuts_programme in sorted(parts, key=lambda part: order.get(part[:2], len(order))):
        english, italian, parent, same_as, *_ = titled.get((column, code), (None,) * 4)
        if code == MISSING_GROUP:
            title = names("official.no_value", column=column)
        elif english:
            title = {"it": italian, "en": english}
        else:
            title = names("official.code", column=column, code=code)
        known = (column, code) in titled
        yield Cut(column, code, cuts_programme, title, parent or "", json.loads(same_as) if same_as else {}, known)


def _place(programme: Programme, cut: Cut) -> dict[str, str] | None:
    """Return the code of a part in the dimension where it stands; None where a mapping leaves it out.

    A part with the area of the whole is told from the whole by its own code too.
    """
    mapped = programme.export.cuts.get(cut.column)
    own = {PART if cut.cuts_programme else POPULATION: own_code(cut.column, cut.code)}
    if mapped is None or cut.code in mapped.own:
        return own
    if cut.code == MISSING_GROUP:
        taken = NO_VALUE in mapped.codes.values() or NO_VALUE in mapped.same  # by a code that says "unknown" itself
        return own if taken or mapped.dimension == AREA else {mapped.dimension: NO_VALUE}
    official = mapped.official(cut.code)
    if official is None:
        return None
    if mapped.same == "all" and cut.code not in mapped.codes and not cut.listed:
        return own
    pattern = AREAS[programme.export.scheme] if mapped.dimension == AREA else IDENTIFIER
    if not re.fullmatch(pattern, official):  # a list of ours may have codes that no official list could have
        return None
    same_as_whole = mapped.dimension == AREA and official == _area(programme).id
    return {mapped.dimension: official} | (own if same_as_whole else {})


def own_code(column: str, code: str) -> str:
    """Return the code of a part in a list of ours, from which column and code can be told again.

    A character that no code of SDMX may have is written as ``@`` and two hexadecimal digits for each of its bytes; so
    is the first of a code that would pass for that of rows without a value.

    Examples
    --------
    >>> own_code("sex", "F"), own_code("age", "18 to 30"), own_code("sex", "(no value)"), own_code("sex", "_U")
    ('sex-F', 'age-18@20to@2030', 'sex-_U', 'sex-@5fU')
    """
    if code == MISSING_GROUP:
        return f"{column}-{NO_VALUE}"
    if code == NO_VALUE:
        return f"{column}-{_escaped(code[0])}{code[1:]}"
    safe = re.sub(r"[^A-Za-z0-9_\-]", lambda match: _escaped(match[0]), code)
    return f"{column}-{safe}"


def _escaped(character: str) -> str:
    return "".join(f"@{byte:02x}" for byte in character.encode("utf-8"))


# ---- components and lists --------------------------------------------------------------------------------------------


def _structure(programme: Programme, cuts: Iterable[Cut], places: Mapping[str, Mapping[str, str]]) -> Structure:
    header, export = programme.header, programme.export
    extra = _extra_dimensions(programme)
    codelists = {**fixed_lists(), **_lists(programme)}
    for dimension in (AREA, POPULATION, PART, *extra):
        codelist = _part_list(programme, dimension, cuts, places)
        codelists[codelist.id] = codelist
    title = {language: in_language(header.title, language) for language in LANGUAGES}
    return Structure(
        programme=programme.id,
        agency=export.agency or programme.id.upper(),
        names={language: names("official.flow", title=title[language])[language] for language in LANGUAGES},
        descriptions=_both(header.summary),
        components=components(extra),
        codelists=codelists,
    )


def _extra_dimensions(programme: Programme) -> dict[str, Names]:
    """Return the dimensions that ``export.yaml`` adds, with their names."""
    extra: dict[str, Names] = {}
    for column, mapped in programme.export.cuts.items():
        if mapped.dimension != AREA:
            extra.setdefault(mapped.dimension, _both(mapped.title) if mapped.title else _column_names(column))
    return extra


def _column_names(column: str) -> Names:
    title = column.replace("_", " ").capitalize()
    return {"it": title, "en": title}


def components(extra: Mapping[str, Names]) -> tuple[Component, ...]:
    """Return the components of every data structure, and the dimensions that a programme adds."""
    added = [Component(id, title, Role.DIMENSION, f"CL_{id}") for id, title in extra.items()]
    dimensions = [_component(id, Role.DIMENSION, codelist) for id, codelist in _DIMENSIONS.items()]
    return (
        *dimensions,
        *added,
        _component("TIME_PERIOD", Role.TIME, text=Kind.PERIOD),
        _component("OBS_VALUE", Role.MEASURE, text=Kind.DOUBLE),
        *(_attribute(*attribute) for attribute in _ATTRIBUTES),
    )


def _component(id: str, role: Role, codelist: str = "", text: Kind = Kind.STRING) -> Component:
    return Component(id, names(f"official.component.{id}"), role, codelist, text)


def _attribute(id: str, codelist: str, attached: Attached) -> Component:
    text, mandatory = _TEXTS.get(id, Kind.STRING), id not in _MAY_BE_LEFT_OUT
    return Component(id, names(f"official.component.{id}"), Role.ATTRIBUTE, codelist, text, attached, mandatory)


_DIMENSIONS = {
    "FREQ": "CL_FREQ",
    AREA: "CL_AREA",
    "INDICATOR": "CL_INDICATOR",
    "MEASURE": "CL_MEASURE",
    "ARM": "CL_ARM",
    POPULATION: "CL_POPULATION",
    PART: "CL_PART",
}
_ATTRIBUTES: tuple[tuple[str, str, Attached], ...] = (
    ("UNIT_MEASURE", "CL_UNIT_MEASURE", Attached.INDICATOR),
    ("UNIT_MULT", "CL_UNIT_MULT", Attached.INDICATOR),
    ("DECIMALS", "CL_DECIMALS", Attached.INDICATOR),
    ("LEVEL", "CL_LEVEL", Attached.INDICATOR),
    ("DATA_KIND", "CL_DATA_KIND", Attached.INDICATOR),
    ("OBS_STATUS", "CL_OBS_STATUS", Attached.OBSERVATION),
    ("CONF_STATUS", "CL_CONF_STATUS", Attached.OBSERVATION),
    ("MISSING_KIND", "CL_MISSING_KIND", Attached.OBSERVATION),
    ("FLAGS", "", Attached.OBSERVATION),
    ("WAVE", "", Attached.OBSERVATION),
    ("REF_DATE", "", Attached.OBSERVATION),
    ("N_OBS", "", Attached.OBSERVATION),
    ("EVIDENCE_LEVEL", "CL_EVIDENCE_LEVEL", Attached.OBSERVATION),
)
"""Attributes in order, with their list and what they are said of."""
_TEXTS = {"REF_DATE": Kind.DATE, "N_OBS": Kind.INTEGER}
_MAY_BE_LEFT_OUT = ("MISSING_KIND", "FLAGS", "WAVE", "REF_DATE", "N_OBS", "EVIDENCE_LEVEL")


def _indicator(programme: Programme, indicator: Indicator) -> CodeOf:
    """Return the code of an indicator, with the address of its definition where ``home`` is declared."""
    home = programme.export.home
    defined = {"definition": definition_address(home, programme.id, indicator.id)} if home else {}
    return CodeOf(indicator.id, _both(indicator.title), other=defined)


def _lists(programme: Programme) -> dict[str, CodeList]:
    """Return the lists of a programme that do not go by its parts: indicators and units."""
    indicators = [_indicator(programme, indicator) for indicator in programme.indicators]
    declared = [_unit(programme, indicator) for indicator in programme.indicators]
    units = {unit.code: CodeOf(unit.code, _both(unit.title)) for unit in declared}
    lists = (listed("CL_INDICATOR", indicators), listed("CL_UNIT_MEASURE", units.values()))
    return {codelist.id: codelist for codelist in lists}


def _part_list(
    programme: Programme, dimension: str, cuts: Iterable[Cut], places: Mapping[str, Mapping[str, str]]
) -> CodeList:
    """Return the list of a dimension that tells parts apart."""
    here = {cut.key: cut for cut in cuts if dimension in places[cut.key]}
    code_of = {key: places[key][dimension] for key in here}
    codes: dict[str, CodeOf] = {}
    if dimension == AREA:
        codes[_area(programme).id] = _area(programme)
    else:
        codes[TOTAL] = total()
    for key, cut in here.items():
        parent = code_of.get(f"{cut.column}={cut.parent}", "")
        codes.setdefault(code_of[key], CodeOf(code_of[key], cut.names, parent, cut.other))
    if dimension == AREA:
        scheme = programme.export.scheme
        return listed(
            "CL_AREA", codes.values(), source=_SCHEMES[scheme] if programme.export.area else "", scheme=scheme
        )
    if dimension in (POPULATION, PART):
        return listed(f"CL_{dimension}", codes.values())
    title = _extra_dimensions(programme)[dimension]
    return CodeList(f"CL_{dimension}", title, tuple(codes.values()))


_SCHEMES = {
    "NUTS2021": "NUTS 2021, Commission Delegated Regulation (EU) 2019/1755",
    "NUTS2024": "NUTS 2024, Commission Delegated Regulation (EU) 2023/674",
    "ISTAT": "ISTAT, Codici delle unità territoriali",
    "ISO3166": "ISO 3166-1 and 3166-2",
}


def _area(programme: Programme) -> CodeOf:
    area = programme.export.area
    if area is None:
        return CodeOf(UNSPECIFIED, names("official.unspecified"))
    return CodeOf(area.code, _both(area.title))


def _unit(programme: Programme, indicator: Indicator) -> OfficialUnit:
    return official_unit(programme.export, indicator.unit)


def _both(text: Text) -> Names:
    return {language: in_language(text, language) for language in LANGUAGES}


# ---- mapping ---------------------------------------------------------------------------------------------------------


def _mapping(programme: Programme, places: Mapping[str, Mapping[str, str]]) -> OfficialMapping:
    export = programme.export
    periods = {wave.id: export.periods.get(wave.id, _period(wave)) for wave in programme.header.waves}
    return OfficialMapping(
        area=_area(programme).id,
        parts=places,
        periods=periods,
        indicators={indicator.id: _facts(programme, indicator, periods) for indicator in programme.indicators},
        scheme=export.scheme,
        publisher=export.publisher.name if export.publisher else "",
        email=(export.publisher.email if export.publisher else "") or "",
        licence=export.licence or "",
        declared=Linked.model_validate({name: getattr(export, name) for name in Linked.model_fields}).model_dump(
            mode="json"
        ),
    )


def _period(wave: Wave) -> str:
    """Return the time period of a wave: its date, or the step of a series, which is dated at its end."""
    return wave.id if wave.role == "series" and frequency(wave.id) else wave.date


def _facts(programme: Programme, indicator: Indicator, periods: Mapping[str, str]) -> IndicatorFacts:
    unit = _unit(programme, indicator)
    outcome, before = indicator.ex_post, indicator.ex_ante.baseline
    wave = before.wave if before else None
    return IndicatorFacts(
        unit=unit.code,
        multiplier=unit.multiplier,
        decimals=programme.export.decimals.get(indicator.id, _decimals(indicator)),
        level=indicator.level,
        period=outcome.period or periods.get(outcome.wave or "", ""),
        baseline=periods.get(wave, "") if wave else programme.header.period.start,
    )


def _decimals(indicator: Indicator) -> int:
    """Return how many decimals mean something: a share has them even where it is a sum, as what others state is."""
    if in_language(indicator.unit, "en") == "share":
        return SHARE_DECIMALS
    return 0 if kind_of(indicator.formula).summary.total else VALUE_DECIMALS
