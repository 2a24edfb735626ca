"""What queries select is what a plain reading of them selects, row by row; hostile text selects nothing and does nothing."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from operator import itemgetter
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact.publish.official.data_set import DataSet, arrow_schema
from impact.publish.official.query.availability import AvailabilityQuery, codes_available
from impact.publish.official.query.data import DataQuery, select_data
from impact.publish.official.query.periods import days_of
from impact.publish.official.query.refusal import QueryError, Reason
from impact.publish.official.query.rest import read_query
from impact.publish.official.query.structures import Edition, StructureQuery, select_structures
from impact.publish.official.sdmx_names import codelist_of
from impact.publish.official.sdmx_structure import Wanted
from impact.publish.official.structure import Attached, CodeList, CodeOf, Component, Role, Structure, Text
from impact.publish.origin import Origin

DAY = datetime.date(2026, 1, 1)


def named(text: str) -> dict[Any, str]:
    return {"it": text, "en": text}


def codes(id: str, *ids: str, parents: dict[str, str] | None = None) -> CodeList:
    return CodeList(id, named(id), tuple(CodeOf(code, named(code), (parents or {}).get(code, "")) for code in ids))


def component(id: str, role: Role, codelist: str = "", text: Text = Text.STRING, **more: Any) -> Component:
    return Component(id, named(id), role, codelist, text, **more)


STRUCTURE = Structure(
    programme="p",
    agency="AG",
    names=named("flow"),
    descriptions=named("about"),
    components=(
        component("FREQ", Role.DIMENSION, "CL_FREQ"),
        component("AREA", Role.DIMENSION, "CL_AREA"),
        component("TIME_PERIOD", Role.TIME, text=Text.PERIOD),
        component("OBS_VALUE", Role.MEASURE, text=Text.DOUBLE),
        component("UNIT", Role.ATTRIBUTE, "CL_UNIT", attached=Attached.INDICATOR, mandatory=True),
        component("NOTE", Role.ATTRIBUTE),
        component("N_OBS", Role.ATTRIBUTE, text=Text.INTEGER),
        component("REF_DATE", Role.ATTRIBUTE, text=Text.DATE),
    ),
    codelists={
        "CL_FREQ": codes("CL_FREQ", "A", "S", "M"),
        "CL_AREA": codes("CL_AREA", "IT", "ITC", "ITC1", "ITF", parents={"ITC": "IT", "ITC1": "ITC", "ITF": "IT"}),
        "CL_UNIT": codes("CL_UNIT", "EUR"),
    },
)
ROWS = [
    ("A", "IT", "2019", 1.0, "EUR", None, 10, "2019-12-31"),
    ("A", "IT", "2020", -2.5, "EUR", "it's", 20, "2020-12-31"),
    ("A", "ITC1", "2020", None, "EUR", "a; b", None, None),
    ("A", "ITC1", "2021", 4.0, "EUR", "100 %", 5, "2021-06-30"),
    ("M", "IT", "2020-02", 0.5, "EUR", "A_B", 7, "2020-02-29"),
    ("M", "IT", "2020-11", 0.25, "EUR", None, 8, "2020-11-30"),
    ("M", "ITC1", "2020-10", 7.0, "EUR", "a", 9, "2020-10-31"),
    ("S", "IT", "2020-S1", 3.0, "EUR", "b", 1, "2020-06-30"),
    ("S", "IT", "2020-S2", 3.5, "EUR", "", 2, "2020-12-31"),
]
NAMES = [one.id for one in STRUCTURE.components]
TOLD = [SimpleNamespace(**dict(zip(NAMES, row, strict=True))) for row in ROWS]
DATA = DataSet(
    STRUCTURE,
    pa.Table.from_pylist([vars(row) for row in TOLD], schema=arrow_schema(STRUCTURE)),
    Origin("en", "v", "p", DAY, synthetic=False),
)


def asked(path: str = "", query: str = "") -> DataQuery:
    read = read_query("v2", f"data/dataflow/AG/DF_P/*/{path or '*'}", query)
    assert isinstance(read, DataQuery)
    return read


def selected(path: str = "", query: str = "") -> list[int]:
    """Return which rows a query selects, by their numbers, in the order of the answer."""
    keys = ["FREQ", "AREA", "TIME_PERIOD"]
    places = {key: number for number, key in enumerate(itemgetter(*keys)(vars(row)) for row in TOLD)}
    found = select_data(asked(path, query), DATA).rows.to_pylist()
    return [places[itemgetter(*keys)(row)] for row in found]


def those(condition: Callable[[Any], bool]) -> list[int]:
    return [number for number, row in enumerate(TOLD) if condition(row)]


def test_a_query_of_everything_is_the_data_set_itself() -> None:
    assert select_data(asked(), DATA) is DATA
    assert select_data(asked("*.*"), DATA).rows.equals(DATA.rows)


@pytest.mark.parametrize(
    ("path", "query", "condition"),
    [
        ("A", "", lambda r: r.FREQ == "A"),
        ("*.ITC1", "", lambda r: r.AREA == "ITC1"),
        ("A.IT,M.ITC1", "", lambda r: (r.FREQ, r.AREA) in (("A", "IT"), ("M", "ITC1"))),
        ("A,*.ITC1", "", lambda r: r.FREQ == "A" or r.AREA == "ITC1"),
        ("X", "", lambda r: False),
        ("A", "c[AREA]=ITC1", lambda r: r.FREQ == "A" and r.AREA == "ITC1"),
        ("", "c[AREA]=IT,ITC1&c[FREQ]=M,S", lambda r: r.FREQ in "MS"),
        ("", "c[FREQ]=ne:A", lambda r: r.FREQ != "A"),
        ("", "c[FREQ]=ne:A,A", lambda r: True),
        ("", "c[FREQ]=ne:A+ne:S", lambda r: r.FREQ == "M"),
        ("", "c[AREA]=sw:ITC", lambda r: r.AREA.startswith("ITC")),
        ("", "c[AREA]=ew:1", lambda r: r.AREA.endswith("1")),
        ("", "c[AREA]=gt:IT", lambda r: r.AREA > "IT"),
        ("", "c[NOTE]=co:a", lambda r: "a" in (r.NOTE or "")),
        ("", "c[NOTE]=nc:a", lambda r: "a" not in (r.NOTE or "")),
        ("", "c[NOTE]=ne:a", lambda r: r.NOTE != "a"),
        ("", "c[NOTE]=co:%25", lambda r: "%" in (r.NOTE or "")),
        ("", "c[NOTE]=co:_", lambda r: "_" in (r.NOTE or "")),
        ("", "c[NOTE]=it's", lambda r: r.NOTE == "it's"),
        ("", "c[OBS_VALUE]=ge:0.5", lambda r: (r.OBS_VALUE or 0) >= 0.5),
        ("", "c[OBS_VALUE]=lt:0", lambda r: (r.OBS_VALUE or 0) < 0),
        ("", "c[OBS_VALUE]=4", lambda r: r.OBS_VALUE == 4),
        ("", "c[OBS_VALUE]=gt:0+le:1,7.0", lambda r: 0 < (r.OBS_VALUE or 0) <= 1 or r.OBS_VALUE == 7),
        ("", "c[N_OBS]=ge:9", lambda r: (r.N_OBS or 0) >= 9),
        ("", "c[TIME_PERIOD]=2020", lambda r: r.TIME_PERIOD == "2020"),
        ("", "c[TIME_PERIOD]=ge:2020+le:2020", lambda r: r.TIME_PERIOD.startswith("2020")),
        ("", "c[TIME_PERIOD]=ge:2020-07+le:2020-12", lambda r: r.TIME_PERIOD in ("2020-11", "2020-10", "2020-S2")),
        ("", "c[TIME_PERIOD]=lt:2020-Q1", lambda r: r.TIME_PERIOD == "2019"),
        ("", "c[TIME_PERIOD]=gt:2020-10-30", lambda r: r.TIME_PERIOD in ("2020-11", "2021")),
        ("", "c[TIME_PERIOD]=sw:2020-S", lambda r: r.TIME_PERIOD.startswith("2020-S")),
        ("", "c[REF_DATE]=le:2020-06", lambda r: r.REF_DATE is not None and r.REF_DATE <= "2020-06-30"),
    ],
)
def test_rows_are_those_that_a_plain_reading_finds(path: str, query: str, condition: Callable[[Any], bool]) -> None:
    found = selected(path, query)
    assert found == those(condition)
    assert len(found) > 0 or path == "X"


def test_rest_1_asks_for_a_stretch_of_time() -> None:
    read = read_query("v1", "data/AG,DF_P/M.IT", "startPeriod=2020-03&endPeriod=2020")
    assert isinstance(read, DataQuery)
    assert select_data(read, DATA).rows["TIME_PERIOD"].to_pylist() == ["2020-11"]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4) | st.none(), st.integers(1, 4) | st.none(), st.integers(0, 9), st.integers(1, 9) | st.none())
def test_first_last_offset_and_limit(first: int | None, last: int | None, offset: int, limit: int | None) -> None:
    parameters = {"firstNObservations": first, "lastNObservations": last, "offset": offset, "limit": limit}
    query = "&".join(f"{name}={value}" for name, value in parameters.items() if value is not None)
    expected = []
    series: dict[tuple[str, str], list[int]] = {}
    for number in sorted(range(len(TOLD)), key=lambda i: days_of(TOLD[i].TIME_PERIOD)[1]):
        series.setdefault((TOLD[number].FREQ, TOLD[number].AREA), []).append(number)
    for numbers in series.values():
        kept = {*numbers[: first or 0], *(numbers[-last:] if last else [])} if first or last else set(numbers)
        expected += kept
    wanted = sorted(expected)[offset:]
    assert selected("", query) == (wanted if limit is None else wanted[:limit])


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("TIME_PERIOD:desc", lambda i: (-days_of(TOLD[i].TIME_PERIOD)[1].toordinal(), days_of(TOLD[i].TIME_PERIOD)[0] == 0, i)),
        ("AREA:desc+OBS_VALUE", lambda i: (-len(TOLD[i].AREA), TOLD[i].OBS_VALUE is None, TOLD[i].OBS_VALUE or 0)),
        ("*", lambda i: (TOLD[i].FREQ, TOLD[i].AREA, days_of(TOLD[i].TIME_PERIOD)[1])),
        ("series_key:desc", lambda i: (-ord(TOLD[i].FREQ), -len(TOLD[i].AREA), i)),
    ],
)  # fmt: skip
def test_rows_are_sorted_by_codes_values_and_time(sort: str, key: Callable[[int], Any]) -> None:
    found = selected("", f"sort={sort}")
    assert [key(number)[:2] for number in found] == [key(number)[:2] for number in sorted(range(len(TOLD)), key=key)]
    assert sorted(found) == list(range(len(TOLD)))


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("attributes=dsd", NAMES),
        ("attributes=all&measures=all", NAMES),
        ("attributes=none", NAMES[:4]),
        ("attributes=dataset", NAMES[:4]),
        ("attributes=msd", NAMES[:4]),
        ("attributes=series", NAMES[:5]),
        ("attributes=obs", [*NAMES[:4], *NAMES[5:]]),
        ("attributes=NOTE,UNIT", NAMES[:6]),
        ("attributes=series,N_OBS", [*NAMES[:5], "N_OBS"]),
        ("measures=none", [*NAMES[:3], *NAMES[4:]]),
        ("measures=OBS_VALUE&attributes=none", NAMES[:4]),
        ("measures=none&attributes=none", NAMES[:3]),
    ],
)
def test_columns_are_those_that_are_wanted(query: str, left: list[str]) -> None:
    found = select_data(asked("", query), DATA)
    assert found.rows.column_names == [one.id for one in found.structure.components] == left
    assert found.rows.equals(DATA.rows.select(left))


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("A.IT.X", ""),
        ("", "c[NOPE]=1"),
        ("", "c[OBS_VALUE]=co:1"),
        ("", "attributes=NOPE"),
        ("", "attributes=OBS_VALUE"),
        ("", "measures=NOTE"),
        ("", "sort=NOPE"),
        ("", "dimensionAtObservation=OBS_VALUE"),
    ],
)
def test_what_the_structure_does_not_have_is_told(path: str, query: str) -> None:
    with pytest.raises(QueryError) as caught:
        select_data(asked(path, query), DATA)
    assert caught.value.reason is Reason.MEANING


@pytest.mark.parametrize("query", ["c[OBS_VALUE]=x", "c[OBS_VALUE]=nan", "c[N_OBS]=1_0", "c[OBS_VALUE]=inf", "c[TIME_PERIOD]=ge:now"])  # fmt: skip
def test_values_that_cannot_be_compared_are_told(query: str) -> None:
    with pytest.raises(QueryError) as caught:
        select_data(asked("", query), DATA)
    assert caught.value.reason is Reason.SYNTAX


HOSTILE = (
    "' OR '1'='1",
    "'; DROP TABLE rows; --",
    '" OR 1=1 --',
    "A') OR ('a'='a",
    "%' OR TRUE --",
    "\\'",
    "$1",
    "?",
    "{x}",
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("operator", ["", "ne:", "co:", "nc:", "sw:", "ew:", "lt:", "ge:"])
def test_hostile_text_is_a_value_and_nothing_else(text: str, operator: str) -> None:
    found = selected("", f"c[NOTE]={operator}{quote(text)}")
    notes = [row.NOTE for row in TOLD]
    holds: dict[str, Callable[[str | None], bool]] = {
        "": lambda note: note == text,
        "ne:": lambda note: note != text,
        "co:": lambda note: note is not None and text in note,
        "nc:": lambda note: note is None or text not in note,
        "sw:": lambda note: note is not None and note.startswith(text),
        "ew:": lambda note: note is not None and note.endswith(text),
        "lt:": lambda note: note is not None and note < text,
        "ge:": lambda note: note is not None and note >= text,
    }
    assert found == [number for number, note in enumerate(notes) if holds[operator](note)]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_no_name(text: str) -> None:
    for query in (f"c[{text}]=1", f"sort={text}", f"attributes={text}"):
        with pytest.raises(QueryError):
            select_data(asked("", quote(query, safe="=")), DATA)
    if text == "$1":  # a code may be called so, and none is
        assert selected(f"A.{text}") == []
    else:
        with pytest.raises(QueryError):
            select_data(asked(f"A.{text}"), DATA)


# ---- availability ----------------------------------------------------------------------------------------------------


def available(path: str, query: str = "", component: str = "*") -> dict[str, tuple[str, ...]]:
    read = read_query("v2", f"availability/dataflow/AG/DF_P/*/{path}/{component}", query)
    assert isinstance(read, AvailabilityQuery)
    return dict(codes_available(read, DATA))


def test_exact_availability_is_what_the_data_query_finds() -> None:
    for path, query in (("*", ""), ("M", ""), ("*.ITC1", "c[OBS_VALUE]=ge:4"), ("X", ""), ("A.IT,M.ITC1", "")):
        rows = select_data(asked(path, query), DATA).rows
        expected = {name: tuple(sorted(set(rows[name].to_pylist()))) for name in ("FREQ", "AREA", "TIME_PERIOD")}
        assert available(path, query) == expected


def test_available_codes_are_those_that_would_find_more() -> None:
    """The example of availability.md: what is chosen of a dimension does not count for its own codes."""
    structure = Structure("q", "AG", named("f"), named("d"), STRUCTURE.components[:4], STRUCTURE.codelists)
    rows = pa.table(
        {"FREQ": ["UK", "FR", "FR"], "AREA": ["M", "M", "F"], "TIME_PERIOD": ["2020"] * 3, "OBS_VALUE": [1.0] * 3}
    )
    data = DataSet(structure, rows, DATA.origin)

    def found(path: str, mode: str) -> tuple[Any, Any]:
        read = read_query("v2", f"availability/dataflow/AG/F/*/{path}", f"mode={mode}")
        assert isinstance(read, AvailabilityQuery)
        codes = codes_available(read, data)
        return codes["FREQ"], codes["AREA"]

    assert found("FR.F", "exact") == (("FR",), ("F",))
    assert found("FR.F", "available") == (("FR",), ("F", "M"))
    assert found("FR.M,FR.F", "exact") == (("FR",), ("F", "M"))
    assert found("FR.M,FR.F", "available") == (("FR", "UK"), ("F", "M"))


def test_availability_of_some_dimensions_says_nothing_of_others() -> None:
    found = available("M", component="AREA")
    assert found == {"FREQ": (), "AREA": ("IT", "ITC1"), "TIME_PERIOD": ()}
    with pytest.raises(QueryError, match="no dimension 'NOTE'"):
        available("M", component="NOTE")


# ---- structures ------------------------------------------------------------------------------------------------------

LATER = Structure(**{**STRUCTURE.__dict__, "version": "1.1.0", "codelists": {**STRUCTURE.codelists, "CL_NEW": codes("CL_NEW", "N")}})  # fmt: skip
EDITIONS = [Edition(STRUCTURE, last=False), Edition(LATER, last=True)]


def message(path: str, query: str = "", api: str = "v2") -> Wanted:
    read = read_query(api, path, query)  # type: ignore[arg-type]
    assert isinstance(read, StructureQuery)
    occurring = {"FREQ": ("A",), "AREA": ("ITC1",), "TIME_PERIOD": ("2020",)}
    return select_structures(read, EDITIONS, lambda programme: occurring, DAY)


def held(found: Wanted) -> dict[str, list[str]]:
    """Return what a message holds, by kind: versions, of code lists ids and versions."""
    kinds = {kind: [one.version for one in found.of(kind)] for kind in found.kinds if kind != "codelist"}
    lists = [f"{codelist.id} {structure.version}" for structure, codelist in found.codelists()]
    return kinds | ({"codelist": lists} if lists and "codelist" in found.kinds else {})


def test_versions_of_structures_are_chosen() -> None:
    assert held(message("structure/dataflow")) == {"dataflow": ["1.1.0"]}
    assert held(message("structure/dataflow/AG/DF_P/*")) == {"dataflow": ["1.0.0", "1.1.0"]}
    assert held(message("structure/dataflow/AG/DF_P/1.0.0")) == {"dataflow": ["1.0.0"]}
    assert held(message("dataflow/all/all/all", api="v1")) == {"dataflow": ["1.0.0", "1.1.0"]}
    assert held(message("structure/codelist/AG/CL_FREQ,CL_NEW/*")) == {
        "codelist": ["CL_FREQ 1.0.0", "CL_FREQ 1.1.0", "CL_NEW 1.1.0"]
    }
    assert held(message("structure/dataconstraint/*/*/*")) == {"contentconstraint": ["1.1.0"]}
    for nothing in ("structure/dataflow/AG/DF_P/2.0.0", "structure/dataflow/XX", "structure/codelist/AG/CL_NEW/1.0.0", "structure/hierarchy"):  # fmt: skip
        with pytest.raises(QueryError) as caught:
            message(nothing)
        assert caught.value.reason is Reason.NOTHING


def test_ids_across_types_are_found_each_as_what_it_is() -> None:
    assert held(message("structure/*/AG/DF_P,CL_UNIT")) == {"dataflow": ["1.1.0"], "codelist": ["CL_UNIT 1.1.0"]}
    everything = held(message("structure"))
    assert set(everything) == {
        "agencyscheme",
        "dataflow",
        "codelist",
        "conceptscheme",
        "datastructure",
        "contentconstraint",
    }


def test_references_are_of_the_same_edition() -> None:
    found = held(message("structure/dataflow/AG/DF_P/1.0.0", "references=descendants"))
    assert found["datastructure"] == ["1.0.0"]
    assert found["codelist"] == ["CL_FREQ 1.0.0", "CL_AREA 1.0.0", "CL_UNIT 1.0.0"]
    assert "contentconstraint" not in held(message("structure/dataflow/AG/DF_P/1.0.0", "references=all"))
    assert held(message("structure/codelist/AG/CL_UNIT/1.0.0", "references=parents"))["datastructure"] == ["1.0.0"]


def test_items_make_a_scheme_partial() -> None:
    found = message("structure/codelist/AG/CL_AREA/~/ITC1,ITF")
    ((structure, codelist),) = found.codelists()
    assert codelist.ids == ("ITC1", "ITF")
    assert found.partial == {codelist_of(structure, codelist).urn}
    concepts = message("structure/conceptscheme/AG/CS_P/~/FREQ")
    assert [one.id for one in concepts.of("conceptscheme")[0].components] == ["FREQ"]
    for nothing in ("structure/codelist/AG/CL_AREA/~/NOPE", "structure/agencyscheme/*/*/*/NOPE", "structure/conceptscheme/*/*/~/NOPE"):  # fmt: skip
        with pytest.raises(QueryError) as caught:
            message(nothing)
        assert caught.value.reason is Reason.NOTHING


def test_partial_references_hold_the_codes_that_occur_and_those_above() -> None:
    found = message("structure/dataflow", "references=descendants&detail=referencepartial")
    lists = {codelist.id: codelist.ids for _, codelist in found.codelists()}
    assert lists == {"CL_FREQ": ("A",), "CL_AREA": ("IT", "ITC", "ITC1"), "CL_UNIT": ("EUR",), "CL_NEW": ("N",)}
    assert len(found.partial) == 2
