"""Files that were read wrongly or locked out: each gives the right reading, or a refusal that says why."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest

from impact.declare.sources import Source
from impact.errors import FileError
from impact.ingest.flags import SORTED
from impact.ingest.readers import read_source
from tests.cases.run import SERIES


def declared(form: str, territory: str = "REF_AREA", **keep: Any) -> Source:
    return Source.model_validate(
        {
            "id": "s",
            "file": "raw/s",
            "contract": "context_series",
            "provenance": {"title": "Made for a test", "kind": "synthetic", "generator": "the test"},
            "series": {"format": form, "territory": territory, "keep": keep},
        }
    )


def chosen(path: Path, folder: Path, source: Source) -> list[tuple[str, ...]]:
    """Return territory, period, value and status, as the contract will read them."""
    read_source(source, path, folder)
    with (folder / "s.csv").open(newline="") as handle:
        return [tuple(row) for row in csv.reader(handle)][1:]


def text_of(folder: Path, content: str) -> Path:
    path = folder / "given"
    path.write_text(content)
    return path


FOUR = [("IT1", "2019", "1.5", ""), ("IT1", "2020", "1.7", ""), ("IT2", "2019", "2.5", ""), ("IT2", "2020", "2.7", "")]
READ: dict[str, tuple[str, str, list[tuple[str, ...]]]] = {
    "arr.csv": ("sdmx_csv", "REF_AREA", [("AAA", "2020", "1.5", "")]),
    "semi.csv": ("sdmx_csv", "REF_AREA", [("AAA", "2020", "1.5", "")]),
    "oecd.csv": ("sdmx_csv", "REF_AREA", [("AAA", "2020", "1.5", ""), ("BBB", "2020", "2.5", "p")]),
    "oecd2.csv": ("sdmx_csv", "REF_AREA", [("AAA", "2020", "1.5", ""), ("BBB", "2020", "2.5", "p")]),
    "title.xml": ("sdmx_ml", "REF_AREA", FOUR),
    "lower.xml": ("sdmx_ml", "REF_AREA", FOUR),
    "ref.xml": ("sdmx_ml", "REF_AREA", [("IT1", "2019", "1.5", "e"), *FOUR[1:]]),
    "def.csv": ("sdmx_csv", "REF_AREA", [("AAA", "2019", "1.5", "DEF"), ("AAA", "2020", "1.6", "SD")]),
    "words.csv": (
        "sdmx_csv",
        "REF_AREA",
        [("AAA", "2019", "1.5", ""), ("AAA", "2020", "1.6", "DEF"), ("AAA", "2021", "1.7", "PROBT")],
    ),
    "status.csv": (
        "sdmx_csv",
        "REF_AREA",
        [
            ("001", "2023", "1e3", ""), ("AAA", "2015", "1.5", ""), ("AAA", "2016", "1.5", "bp"),
            ("AAA", "2017", ":z", "m"), ("AAA", "2018", ":", "l"), ("AAA", "2019", ":", "o"), ("AAA", "2020", "7", "g"),
            ("AAA", "2021", "8", "BR"), ("AAA", "2022", "9", "v"), ("AAA", "2023", ":", "k"),
            ("DDD", "2019-2021", "2", ""), ("DDD", "2023-07", "2", ""), ("DDD", "2023-07-01/P1Y", "2", ""),
            ("DDD", "2023-B1", "2", ""), ("DDD", "2023-D001", "2", ""), ("DDD", "2023-T1", "2", ""),
            ("NA", "2023", "3", ""),
        ],
    ),
    "a.tsv": (
        "eurostat_tsv",
        "geo",
        [
            ("ITC1", "2019", "1.2", "bp"), ("ITC1", "2020", ":c", "c"), ("ITC1", "2021", ":", ""),
            ("ITC2", "2019", "12.5", "i"), ("ITC2", "2020", "-", ""), ("ITC2", "2021", "5", "bu"),
            ("ITC3", "2019", "@C", ""), ("ITC3", "2020", ": @C", ""), ("ITC3", "2021", "3 d, e", ""),
            ("NA", "2019", "1.2e3", ""), ("NA", "2020", "1,234.5", ""), ("NA", "2021", "0n", ""),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_series_files_are_read_right(name: str, tmp_path: Path) -> None:
    form, territory, rows = READ[name]
    assert chosen(SERIES / name, tmp_path, declared(form, territory)) == rows


def test_names_in_the_place_of_codes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="names stand in the place of codes: OBS_FLAG") as refused:
        chosen(SERIES / "rev.csv", tmp_path, declared("sdmx_csv", "geo"))
    assert "Download it with codes" in str(refused.value)


def test_every_file_of_series_has_its_reading() -> None:
    assert {path.name for path in SERIES.iterdir()} == {*READ, "rev.csv"}


HEAD = "STRUCTURE,STRUCTURE_ID,ACTION,"


def test_a_dimension_after_the_value_is_one(tmp_path: Path) -> None:
    path = text_of(
        tmp_path,
        HEAD + "REF_AREA,TIME_PERIOD,OBS_VALUE,SEX,OBS_STATUS\n"
        "dataflow,XX:D(1.0),I,AAA,2020,1,M,A\ndataflow,XX:D(1.0),I,AAA,2020,2,F,A\n",
    )
    with pytest.raises(FileError, match="SEX has 2 codes"):
        chosen(path, tmp_path, declared("sdmx_csv"))
    assert chosen(path, tmp_path, declared("sdmx_csv", SEX="M")) == [("AAA", "2020", "1", "")]


def test_a_dimension_with_one_code_a_territory_is_no_label(tmp_path: Path) -> None:
    """Men in one area beside women in another: nothing in the rows shows it but the codes themselves."""
    path = text_of(tmp_path, "DATAFLOW,REF_AREA,TIME_PERIOD,OBS_VALUE,SEX\nX,AAA,2020,1,M\nX,BBB,2020,2,F\n")
    with pytest.raises(FileError, match="SEX has 2 codes"):
        chosen(path, tmp_path, declared("sdmx_csv"))


def test_columns_in_doubt_count_where_they_tell_observations_apart(tmp_path: Path) -> None:
    rows = "X,AAA,2020,1,All persons\nX,BBB,2020,2,\n"
    path = text_of(tmp_path, f"DATAFLOW,REF_AREA,TIME_PERIOD,OBS_VALUE,GROUP\n{rows}")
    assert len(chosen(path, tmp_path, declared("sdmx_csv"))) == 2
    path = text_of(tmp_path, f"DATAFLOW,REF_AREA,TIME_PERIOD,OBS_VALUE,GROUP\n{rows}X,BBB,2020,3,Only men\n")
    with pytest.raises(FileError, match="GROUP has"):
        chosen(path, tmp_path, declared("sdmx_csv"))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("A", ""), ("a", ""), ("B", "b"), ("p", "p"), ("P;B", "bp"), ("B|P", "bp"), ("Q", "c"), ("S", "t"), ("s", "s"),
        ("R", "R"), ("BR", "BR"), ("br", "BR"), ("def", "DEF"), ("P;DEF", "P;DEF"), ("est", "EST"), ("?", "?"),
    ],
)  # fmt: skip
def test_a_status_is_read_whole_or_not_at_all(status: str, expected: str, tmp_path: Path) -> None:
    path = text_of(tmp_path, f'DATAFLOW,REF_AREA,TIME_PERIOD,OBS_VALUE,OBS_STATUS\nX,AAA,2020,1,"{status}"\n')
    assert chosen(path, tmp_path, declared("sdmx_csv"))[0][3] == expected
    assert bool(re.fullmatch(SORTED, expected)) is (expected == expected.lower() and expected != "?")


@pytest.mark.parametrize("flag", ["prov", "imputed", "bb", "break", "x"])
def test_words_are_no_flags_of_a_letter_each(flag: str, tmp_path: Path) -> None:
    path = text_of(tmp_path, f"freq,geo\\TIME_PERIOD\t2019\nA,IT\t1 {flag}\n")
    assert chosen(path, tmp_path, declared("eurostat_tsv", "geo")) == [("IT", "2019", "1", flag)]
    assert not re.fullmatch(SORTED, flag)


@pytest.mark.parametrize("status", ["Provisional", "Normal value", "provisional value"])
def test_names_of_status_are_refused(status: str, tmp_path: Path) -> None:
    path = text_of(tmp_path, f"DATAFLOW,REF_AREA,TIME_PERIOD,OBS_VALUE,OBS_STATUS\nX,AAA,2020,1,{status}\n")
    with pytest.raises(FileError, match="names stand in the place of codes"):
        chosen(path, tmp_path, declared("sdmx_csv"))


def test_several_statuses_with_names_keep_all_their_codes(tmp_path: Path) -> None:
    path = text_of(
        tmp_path,
        "DATAFLOW,REF_AREA: Area,TIME_PERIOD: Time,OBS_VALUE: Value,OBS_STATUS: Status\n"
        'X,AAA: A,2020,1,"B: Break; P: Provisional"\nX,AAA: A,2021,,"M: Missing value; data cannot exist"\n',
    )
    assert chosen(path, tmp_path, declared("sdmx_csv")) == [("AAA", "2020", "1", "bp"), ("AAA", "2021", ":z", "m")]


# ---- SDMX-ML

V21 = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"


def specific(body: str, action: str = "Information", head: str = "", more: str = "") -> str:
    return (
        f'<m:StructureSpecificData xmlns:m="{V21}/message" xmlns:ss="{V21}/data/structurespecific"'
        f' xmlns:generic="{V21}/data/generic" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:n="urn:n">'
        f'<m:Header><m:ID>A</m:ID>{head}</m:Header><m:DataSet ss:action="{action}" ss:structureRef="S">{body}</m:DataSet>'
        f"{more}</m:StructureSpecificData>"
    )


GROUP = '<Group xsi:type="n:Sibling" REF_AREA="AAA" {more}UNIT_MULT="3"/>'
BARE = (
    '<Obs FREQ="A" REF_AREA="AAA" TIME_PERIOD="2019" OBS_VALUE="1"/>'
    '<Obs FREQ="A" REF_AREA="AAA" TIME_PERIOD="2020" OBS_VALUE="2"/>'
)
THOUSANDS = {
    "a group beside bare observations": GROUP.format(more="") + BARE,
    "a group after them": BARE + GROUP.format(more=""),
    "a group with a title of its own": GROUP.format(more='TITLE="x" ')
    + BARE.replace("OBS_VALUE", 'TITLE="y" OBS_VALUE'),
    "attributes of 3.0": '<Atts UNIT_MULT="3"/>' + BARE,
    "a component of 3.0": BARE.replace("/>", '><Comp id="UNIT_MULT"><Value>3</Value></Comp></Obs>'),
    "one series has it": GROUP.format(more="")
    + '<Series FREQ="A" REF_AREA="AAA" UNIT_MULT="3"><Obs TIME_PERIOD="2019" OBS_VALUE="1"/></Series>'
    + '<Series FREQ="A" REF_AREA="AAA"><Obs TIME_PERIOD="2020" OBS_VALUE="2"/></Series>',
    "a series": '<Series FREQ="A" REF_AREA="AAA" UNIT_MULT="3"><Obs TIME_PERIOD="2019" OBS_VALUE="1"/>'
    '<Obs TIME_PERIOD="2020" OBS_VALUE="2"/></Series>',
}


@pytest.mark.parametrize("case", THOUSANDS)
def test_thousands_are_not_taken_for_units(case: str, tmp_path: Path) -> None:
    path = text_of(tmp_path, specific(THOUSANDS[case]))
    with pytest.raises(FileError, match=r"multiples of 10\^3"):
        chosen(path, tmp_path, declared("sdmx_ml"))
    assert [row[2] for row in chosen(path, tmp_path, declared("sdmx_ml", UNIT_MULT="3"))] == ["1", "2"]


def test_a_group_reaches_its_own_observations_only(tmp_path: Path) -> None:
    other = BARE.replace("AAA", "BBB")
    path = text_of(tmp_path, specific(GROUP.format(more="") + BARE + other))
    with pytest.raises(FileError, match="UNIT_MULT has 2 codes"):
        chosen(path, tmp_path, declared("sdmx_ml"))
    assert len(chosen(path, tmp_path, declared("sdmx_ml", UNIT_MULT="3"))) == 2
    path = text_of(tmp_path, specific(GROUP.format(more="").replace("AAA", "CCC") + BARE))
    with pytest.raises(FileError, match="UNIT_MULT of a group belongs to no observation: REF_AREA=CCC"):
        chosen(path, tmp_path, declared("sdmx_ml"))


def test_groups_of_generic_data(tmp_path: Path) -> None:
    body = (
        '<generic:Group type="Sibling"><generic:GroupKey><generic:Value id="REF_AREA" value="AAA"/></generic:GroupKey>'
        '<generic:Attributes><generic:Value id="UNIT_MULT" value="6"/></generic:Attributes></generic:Group>'
        '<generic:Obs><generic:ObsKey><generic:Value id="REF_AREA" value="AAA"/>'
        '<generic:Value id="TIME_PERIOD" value="2020"/></generic:ObsKey><generic:ObsValue value="1"/></generic:Obs>'
    )
    path = text_of(tmp_path, specific(body).replace("StructureSpecificData", "GenericData"))
    with pytest.raises(FileError, match=r"multiples of 10\^6"):
        chosen(path, tmp_path, declared("sdmx_ml"))


def test_what_stands_beside_the_period_of_a_series_is_no_dimension(tmp_path: Path) -> None:
    series = (
        '<Series REF_AREA="AAA"><Obs TIME_PERIOD="2019" OBS_VALUE="1" QUALITY="X1"/>'
        '<Obs TIME_PERIOD="2020" OBS_VALUE="2" QUALITY="X2"/></Series>'
    )
    assert len(chosen(text_of(tmp_path, specific(series)), tmp_path, declared("sdmx_ml"))) == 2
    bare = BARE.replace("OBS_VALUE", 'SEX="M" OBS_VALUE') + BARE.replace("OBS_VALUE", 'SEX="F" OBS_VALUE')
    with pytest.raises(FileError, match="SEX has 2 codes"):
        chosen(text_of(tmp_path, specific(bare)), tmp_path, declared("sdmx_ml"))


SERIES_1 = '<Series REF_AREA="AAA"><Obs TIME_PERIOD="2020" OBS_VALUE="1"/></Series>'
LOST = {
    "deleted": (specific(SERIES_1, action="Delete"), "takes observations back"),
    "deleted, said in the head": (
        specific(SERIES_1, head="<m:DataSetAction>Delete</m:DataSetAction>"),
        "takes observations back",
    ),
    "an observation of nothing": (specific(SERIES_1 + "<Other><Obs/></Other>"), "not every observation"),
    "outside the data set": (
        specific(SERIES_1, more='<Obs TIME_PERIOD="2020" OBS_VALUE="1"/>'),
        "not every observation",
    ),
    "an error at the foot": (
        specific(SERIES_1, more='<m:Footer><m:Message code="510" severity="Error"/></m:Footer>'),
        "message is not whole",
    ),
    "an older standard": (specific(SERIES_1).replace("v2_1", "v2_0"), "not SDMX-ML"),
    "nothing": (specific(""), "no observations"),
}


@pytest.mark.parametrize("case", LOST)
def test_messages_that_are_not_whole_are_refused(case: str, tmp_path: Path) -> None:
    content, said = LOST[case]
    with pytest.raises(FileError, match=said):
        chosen(text_of(tmp_path, content), tmp_path, declared("sdmx_ml"))


def test_units_on_a_line_of_their_own_are_refused(tmp_path: Path) -> None:
    path = text_of(
        tmp_path,
        HEAD + "REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,UNIT_MULT\n"
        "dataflow,XX:D(1.0),I,AAA,M,2020,1,\ndataflow,XX:D(1.0),I,AAA,,,,3\n",
    )
    with pytest.raises(FileError, match="UNIT_MULT stands on a line of its own"):
        chosen(path, tmp_path, declared("sdmx_csv", SEX="M"))
