"""Text becomes a query, or a refusal that says why: paths, keys, versions, filters, periods."""

from __future__ import annotations

import datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact.publish.official.query.artefacts import flow_before, wanted_before, wanted_by_path
from impact.publish.official.query.availability import AvailabilityQuery
from impact.publish.official.query.data import DataQuery, Sorting
from impact.publish.official.query.filters import Comparison, Filter, Operator, read_filters
from impact.publish.official.query.keys import read_key_before, read_keys
from impact.publish.official.query.parameters import LONGEST, MOST, read_parameters
from impact.publish.official.query.periods import days_of, holds
from impact.publish.official.query.refusal import QueryError, Reason
from impact.publish.official.query.rest import read_query
from impact.publish.official.query.structures import RELATIONS, StructureQuery, related
from impact.publish.official.query.versions import chosen_versions, read_version

THERE = ["1.0.0", "1.1.0", "1.1.3", "2.0.0", "2.1.0-draft", "0.9.0", "1.0", "3"]


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        ("1.0.0", ["1.0.0"]),
        ("1.0", ["1.0"]),
        ("3", ["3"]),
        ("4.0.0", []),
        ("2.1.0-draft", ["2.1.0-draft"]),
        ("+", ["2.0.0"]),
        ("+.0.0", ["2.0.0"]),
        ("1.+.0", ["1.1.3"]),
        ("1.0.+", ["1.0.0"]),
        ("1.1.1+", ["1.1.3"]),
        ("1+.1.0", ["2.0.0"]),
        ("1.2+.0", []),
        ("3+.0.0", []),
        ("~", ["3"]),
        ("~.0", ["1.0"]),
        ("~.0.0", ["2.1.0-draft"]),
        ("2.~.0", ["2.1.0-draft"]),
        ("1.1.~", ["1.1.3"]),
        ("*", ["0.9.0", "1.0", "1.0.0", "1.1.0", "1.1.3", "2.0.0", "2.1.0-draft", "3"]),
        ("*.0", ["1.0"]),
        ("1.*.0", ["1.0.0", "1.1.0", "1.1.3"]),
        ("1.1.1*", ["1.1.3"]),
        ("1*.1.0", ["1.1.0", "1.1.3", "2.0.0", "2.1.0-draft"]),
        ("0.9.0,+", ["0.9.0", "2.0.0"]),
    ],
)
def test_versions_are_chosen_as_the_notation_says(query: str, chosen: list[str]) -> None:
    """The examples of querying_versions.md in sdmx-twg/sdmx-rest v2.2.2, on versions of every form."""
    found = chosen_versions([read_version(term) for term in query.split(",")], THERE)
    assert sorted(found) == sorted(chosen)


@pytest.mark.parametrize(
    "query",
    ["+.2.3", "1.+.3", "~.2", "~.2.3", "1.~.3", "*.2", "*.2.3", "1.*.3", "+.0", "2.3+", "~.0.*", "3.2*.1+", "3.2+.1+",
     "", "x", "1.0.0.0", "01.0.0", "1..0", "latest", "1.0.0'", "-1", "1٣.0.0", "1.0.0+.0", "+1.0.0"],
)  # fmt: skip
def test_versions_that_the_notation_does_not_have_are_refused(query: str) -> None:
    with pytest.raises(QueryError, match="is no version") as caught:
        read_version(query)
    assert caught.value.reason is Reason.SYNTAX


def test_parameters_keep_plus_and_stand_once() -> None:
    assert (
        read_parameters("c[X]=A+B&limit=5")
        == read_parameters("c%5BX%5D=A%2BB&limit=5")
        == {"c[X]": "A+B", "limit": "5"}
    )
    for wrong in ("limit", "limit=1&limit=2", "a=%ff", "a=%00", f"a={'x' * LONGEST}", "a=1%0a"):
        with pytest.raises(QueryError) as caught:
            read_parameters(wrong)
        assert caught.value.reason is Reason.SYNTAX


@pytest.mark.parametrize(
    ("text", "alternatives"),
    [
        ("A", [["eq A"]]),
        ("A,B", [["eq A"], ["eq B"]]),
        ("ge:A", [["ge A"]]),
        ("ge:A+le:B", [["ge A", "le B"]]),
        ("A,B+C", [["eq A"], ["eq B", "eq C"]]),
        ("ge:A+le:B,ge:C+le:D", [["ge A", "le B"], ["ge C", "le D"]]),
        ("ne:A,B", [["ne A"], ["eq B"]]),
        ("ne:A+B", [["ne A", "eq B"]]),
        ("2020-01-01T00:00:00", [["eq 2020-01-01T00:00:00"]]),
        ("co:x:y", [["co x:y"]]),
    ],
)
def test_filters_are_read_as_the_table_of_the_specification_says(text: str, alternatives: list[list[str]]) -> None:
    (read,) = read_filters({"c[X]": text, "limit": "1"})
    assert read.component == "X"
    assert [[f"{one.operator} {one.value}" for one in together] for together in read.alternatives] == alternatives


@pytest.mark.parametrize(
    ("name", "text"),
    [("c", "A"), ("c[]", "A"), ("c[X", "A"), ("c[X]]", "A"), ("c[X;DROP]", "A"), ("c['X']", "A"), ("c[X]", ""),
     ("c[X]", "A,"), ("c[X]", "A++B"), ("c[X]", "xx:A"), ("c[X]", "ge:"), ("c[X]", ",".join(["A"] * (MOST + 1)))],
)  # fmt: skip
def test_filters_that_are_none_are_refused(name: str, text: str) -> None:
    with pytest.raises(QueryError) as caught:
        read_filters({name: text})
    assert caught.value.reason is Reason.SYNTAX


def test_keys_have_the_wildcards_of_either_edition() -> None:
    assert read_keys("D.*.EUR") == ((("D",), (), ("EUR",)),)
    assert read_key_before("D..EUR+USD.") == ((("D",), (), ("EUR", "USD"), ()),)
    assert read_key_before("all") == ((),)
    for wrong in ("D..EUR", "D.", "", "D.U SD", "D.*'", "D,", "D.A+B", 'D."x"', ".".join(["D"] * 2) + "/"):
        with pytest.raises(QueryError):
            read_keys(wrong)
    for wrong in ("D.*.EUR", "D.+.E", "D.A+", "D.'", "D,E"):
        with pytest.raises(QueryError):
            read_key_before(wrong)


def test_artefacts_are_named_in_the_words_of_either_edition() -> None:
    assert wanted_by_path("BIS,ECB", "*", "*") == wanted_before("BIS+ECB", "all", "all")
    assert wanted_by_path() == wanted_before()
    assert flow_before("EXR") == wanted_before("all", "EXR") == flow_before("all,EXR,latest")
    assert wanted_by_path("A", "X").named("A", "X")
    assert not wanted_by_path("A", "X").named("B", "X")
    for wrong in (("all x",), ("A", "X;"), ("*,A",), ("A", "X", "")):
        with pytest.raises(QueryError):
            wanted_by_path(*wrong)
    for wrong in ("", "A,B,C,D", "A,,1.0", "A,B,+", "A,B,1~.0"):
        with pytest.raises(QueryError):
            flow_before(wrong)


# ---- periods ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2020", "2020-01-01", "2020-12-31"),
        ("2020-02", "2020-02-01", "2020-02-29"),
        ("2020-02-29", "2020-02-29", "2020-02-29"),
        ("2020-02-29T10:00:00+01:00", "2020-02-29", "2020-02-29"),
        ("2020-A1", "2020-01-01", "2020-12-31"),
        ("2020-S2", "2020-07-01", "2020-12-31"),
        ("2020-T2", "2020-05-01", "2020-08-31"),
        ("2020-Q4", "2020-10-01", "2020-12-31"),
        ("2020-M02", "2020-02-01", "2020-02-29"),
        ("2020-W53", "2020-12-28", "2021-01-03"),
        ("2020-D366", "2020-12-31", "2020-12-31"),
        ("9999-12", "9999-12-01", "9999-12-31"),
        ("9999-Q4", "9999-10-01", "9999-12-31"),
    ],
)
def test_periods_are_stretches_of_days(period: str, first: str, last: str) -> None:
    assert days_of(period) == (datetime.date.fromisoformat(first), datetime.date.fromisoformat(last))


@pytest.mark.parametrize(
    "period",
    ["", "20", "2020-13", "2020-02-30", "2021-W53", "2021-D366", "2020-Q5", "2020-S0", "2020-M1", "2020-X1", "2020T10:00",
     "2020-1", "now", "0000", "9999-12-32", "2020-Q٣", "2020'"],
)  # fmt: skip
def test_periods_that_are_none_are_refused(period: str) -> None:
    with pytest.raises(QueryError, match="is no time period"):
        days_of(period)


PERIODS = st.sampled_from(["2019", "2020", "2020-S1", "2020-Q2", "2020-06", "2020-06-30", "2020-W27", "2021-01-01"])


@given(PERIODS, PERIODS)
def test_earlier_and_later_agree_on_every_day(period: str, other: str) -> None:
    """A period is from another on if each of its days is no earlier, until it if none is later; and so on."""
    (first, last), (start, end) = days_of(period), days_of(other)
    days = [first + datetime.timedelta(days=i) for i in range((last - first).days + 1)]
    expected = {
        Operator.LEAST: all(day >= start for day in days),
        Operator.MOST: all(day <= end for day in days),
        Operator.MORE: all(day > end for day in days),
        Operator.LESS: all(day < start for day in days),
    }
    assert {operator: holds(Comparison(operator, other), period) for operator in expected} == expected


# ---- whole queries ---------------------------------------------------------------------------------------------------


def test_a_data_query_of_rest_2() -> None:
    query = read_query(
        "v2", "data/dataflow/A/F/1.0.0/M.*.X,Q", "c[OBS_VALUE]=ge:1&lastNObservations=2&sort=series_key+T:desc&limit=3"
    )
    assert isinstance(query, DataQuery)
    assert query.flows == wanted_by_path("A", "F", "1.0.0")
    assert query.keys == ((("M",), (), ("X",)), (("Q",),))
    assert query.filters == (Filter("OBS_VALUE", ((Comparison(Operator.LEAST, "1"),),)),)
    assert (query.last, query.first, query.limit, query.offset) == (2, None, 3, 0)
    assert query.sort == (Sorting("series_key"), Sorting("T", descending=True))


def test_a_data_query_of_rest_1() -> None:
    query = read_query("v1", "data/A,F/M..X+Y", "startPeriod=2020&endPeriod=2021-Q1&detail=dataonly")
    assert isinstance(query, DataQuery)
    assert query.whole_keys
    (stretch,) = query.filters
    assert stretch == Filter(
        "TIME_PERIOD", ((Comparison(Operator.LEAST, "2020"), Comparison(Operator.MOST, "2021-Q1")),)
    )
    assert query.attributes == ("none",)
    alone = read_query("v1", "data/F", "")
    assert isinstance(alone, DataQuery)
    assert alone.filters == ()


def test_structure_queries_of_both_editions_are_one() -> None:
    late = read_query("v2", "structure/codelist/A/CL_X/~/B,C", "references=parents&detail=allstubs")
    early = read_query("v1", "codelist/A/CL_X/latest/B+C", "references=parents&detail=allstubs")
    assert isinstance(late, StructureQuery)
    assert isinstance(early, StructureQuery)
    assert (late.kinds, late.wanted, late.items, late.references, late.stub) == (
        early.kinds, early.wanted, early.items, early.references, early.stub,
    )  # fmt: skip
    assert (late.agencies, early.agencies) == (True, False)
    assert read_query("v1", "actualconstraint", "") == read_query("v1", "contentconstraint", "")


def test_an_availability_query() -> None:
    query = read_query("v2", "availability/dataflow/A/F/*/M/X,Y", "mode=available&references=codelist,dataflow")
    assert isinstance(query, AvailabilityQuery)
    assert (query.components, query.mode, query.references) == (("X", "Y"), "available", ("codelist", "dataflow"))


@pytest.mark.parametrize(
    ("api", "path", "query", "reason"),
    [
        ("v2", "", "", Reason.SYNTAX),
        ("v2", "nope", "", Reason.SYNTAX),
        ("v2", "dataflow/A", "", Reason.SYNTAX),
        ("v1", "structure2", "", Reason.SYNTAX),
        ("v2", "structure/nope", "", Reason.SYNTAX),
        ("v2", "structure/dataflow/A/F/1.0.0/X", "", Reason.SYNTAX),
        ("v2", "structure/dataflow/A/F/1.0.0/*/X", "", Reason.SYNTAX),
        ("v2", "structure/dataflow/A//1.0.0", "", Reason.SYNTAX),
        ("v2", "structure/dataflow", "references=cousins", Reason.SYNTAX),
        ("v2", "structure/dataflow", "detail=some", Reason.SYNTAX),
        ("v2", "structure/dataflow", "limit=1", Reason.SYNTAX),
        ("v1", "dataflow", "references=ancestors", Reason.SYNTAX),
        ("v1", "dataflow", "detail=raw", Reason.SYNTAX),
        ("v1", "dataflow/A/F/+", "", Reason.SYNTAX),
        ("v1", "data", "", Reason.SYNTAX),
        ("v1", "data/F", "c[X]=1", Reason.SYNTAX),
        ("v1", "data/F", "startPeriod=yesterday", Reason.SYNTAX),
        ("v2", "data/dataflow/A/F/*/*/more", "", Reason.SYNTAX),
        ("v2", "data/table/A/F", "", Reason.SYNTAX),
        ("v2", "data/dataflow/A/F", "limit=0", Reason.SYNTAX),
        ("v2", "data/dataflow/A/F", "limit=-1", Reason.SYNTAX),
        ("v2", "data/dataflow/A/F", "limit=1e9", Reason.SYNTAX),
        ("v2", "data/dataflow/A/F", "limit=12345678901", Reason.SYNTAX),
        ("v2", "data/dataflow/A/F", "limit=٣", Reason.SYNTAX),
        ("v2", "data/dataflow/A/F", "includeHistory=maybe", Reason.SYNTAX),
        ("v2", "data/dataflow/A/F", "sort=X:up", Reason.SYNTAX),
        ("v2", "data/dataflow/A/F", "startPeriod=2020", Reason.SYNTAX),
        ("v2", "data/dataflow/A/" + "F" * LONGEST, "", Reason.SYNTAX),
        ("v2", "data/dataflow/A/F", "asOf=2020-01-01", Reason.NOT_ANSWERED),
        ("v2", "data/dataflow/A/F", "updatedAfter=2020-01-01", Reason.NOT_ANSWERED),
        ("v2", "data/datastructure/A/F", "", Reason.NOT_ANSWERED),
        ("v2", "schema/metadataflow/A/F", "", Reason.NOT_ANSWERED),
        ("v2", "schema/dataflow/A/*", "", Reason.SYNTAX),
        ("v2", "schema", "", Reason.SYNTAX),
        ("v2", "metadata/structure/dataflow", "", Reason.NOT_ANSWERED),
        ("v1", "data/F/all/P", "", Reason.NOT_ANSWERED),
        ("v1", "data/F", "includeHistory=true", Reason.NOT_ANSWERED),
    ],
)
def test_what_is_no_query_is_refused_with_its_reason(api: str, path: str, query: str, reason: Reason) -> None:
    with pytest.raises(QueryError) as caught:
        read_query(api, path, quote(query, safe="=&"))  # type: ignore[arg-type]
    assert caught.value.reason is reason, str(caught.value)
    assert len(str(caught.value)) < 1000


@given(st.sampled_from(["v1", "v2"]), st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_a_query_or_refused(api: str, path: str, query: str) -> None:
    for asked in (path, f"data/{path}", f"structure/{path}", f"data/dataflow/{path}", f"availability/dataflow/{path}"):
        for more in (quote(query), f"c[X]={quote(query)}", f"sort={quote(query)}", f"references={quote(query)}"):
            assert reason(api, asked, more) in (None, Reason.SYNTAX, Reason.NOT_ANSWERED)


def reason(api: str, path: str, query: str) -> Reason | None:
    """Return why a query is refused; None for one that is read."""
    try:
        read_query(api, path, query)  # type: ignore[arg-type]
    except QueryError as error:
        return error.reason
    return None


# ---- references ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "word", "along"),
    [
        ("dataflow", "children", "datastructure"),
        ("dataflow", "descendants", "datastructure codelist conceptscheme"),
        ("dataflow", "parents", "contentconstraint"),
        ("dataflow", "all", "contentconstraint dataflow datastructure codelist conceptscheme"),
        ("datastructure", "children", "codelist conceptscheme"),
        ("datastructure", "parents", "dataflow"),
        ("datastructure", "parentsandsiblings", "dataflow datastructure"),
        ("datastructure", "ancestors", "dataflow contentconstraint"),
        ("codelist", "parents", "datastructure"),
        ("codelist", "parentsandsiblings", "datastructure codelist conceptscheme"),
        ("codelist", "ancestors", "datastructure dataflow contentconstraint"),
        ("codelist", "children", ""),
        ("conceptscheme", "none", ""),
        ("contentconstraint", "children", "dataflow"),
        ("dataflow", "codelist", "codelist"),
        ("codelist", "dataflow", "dataflow"),
        ("dataflow", "hierarchy", ""),
    ],
)
def test_what_comes_along(kind: str, word: str, along: str) -> None:
    assert related(kind, [word], agencies=False) == set(along.split())  # type: ignore[arg-type]
    late = related(kind, [word], agencies=True)  # type: ignore[arg-type]
    reaches_agencies = word in RELATIONS and word not in ("none", "parents", "ancestors")
    assert late == set(along.split()) | ({"agencyscheme"} if reaches_agencies else set())
