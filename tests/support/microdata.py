"""A programme whose rows have every type of column, all kinds of missing, and text that formats trip over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from impact.declare import load_programme
from impact.run.flow import run_programme
from impact.store import Warehouse
from tests.support.programmes import indicator, programme_folder

MISSING = {"missing": ["m"], "skipped": ["s"], "not_applicable": ["n"], "refused": ["r"], "suppressed": ["x"]}
HOSTILE = ('=1+1 "quoted", <b>&amp;</b>;\ttab', "a\nline | C:\\new", "perché €😀", "001", "NA", "nan", "-9")
LONG = "Quanto spesso, negli ultimi dodici mesi, le è capitato di sentirsi solo anche in mezzo agli altri?"
CODES = ["001", "01", "1", "IT: x"]


def column(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


def survey() -> tuple[dict[str, Any], pd.DataFrame]:
    """Return the contract and its rows: of each column values first, then every kind of missing, then a blank."""
    columns: dict[str, Any] = {
        "id": column("text", required=True),
        "wave": column("code", codes=["2019", "2020"], required=True),
        "in": column("code", codelist="places", missing=MISSING, title={"it": "Luogo", "en": "Place"}),
        "few_kinds": column("code", codes=["1", "01"], missing={"skipped": ["s"], "refused": ["r"]}),
        "score": column("number", min=0, max=100, unit="points", missing=MISSING),
        "balance": column("number", missing=MISSING),
        "age": column("integer", min=0, missing=MISSING, title={"it": LONG, "en": "Age"}),
        "large": column("integer", max=1e16, min=-1e16),
        "works": column("boolean", missing=MISSING),
        "born": column("date", missing=MISSING),
        "said": column("text", missing=MISSING),
        "a_name_that_is_longer_than_thirty_two_characters": column("integer"),
        "w": column("number", min=0),
    }
    rows: dict[str, list[Any]] = {"id": [f"p{i}" for i in range(7)], "wave": ["2019", "2020"] * 3 + ["2019"]}
    missing = [kinds[0] for kinds in MISSING.values()]
    rows["in"] = ["001", *missing, None]
    rows["few_kinds"] = ["1", "01", "s", "r", None, "01", None]
    rows["score"] = [62.375, *missing, None]
    rows["balance"] = [-9, *missing, None]
    rows["age"] = [41, *missing, None]
    rows["large"] = [2**53, -(2**53), 2**31, 0, 1, -1, None]
    rows["works"] = ["true", *missing, None]
    rows["born"] = ["1999-12-31", *missing, None]
    rows["said"] = [HOSTILE[0], *missing, HOSTILE[1]]
    rows["a_name_that_is_longer_than_thirty_two_characters"] = list(range(7))
    rows["w"] = [1.5] * 7
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in rows.items()})
    declared = {"id": "survey", "title": {"it": "Indagine", "en": "Survey"}, "unit_of_analysis": "person and wave",
                "key": ["id"], "person": "id", "wave": "wave", "columns": columns}  # fmt: skip
    return declared, frame


def notes() -> tuple[dict[str, Any], pd.DataFrame]:
    """Return a contract of hostile texts."""
    columns = {"note": column("text", required=True), "n": column("integer")}
    declared = {"id": "notes", "title": "Notes", "unit_of_analysis": "note", "key": ["note"], "columns": columns}
    return declared, pd.DataFrame({"note": list(HOSTILE), "n": range(len(HOSTILE))})


def typed_database(folder: Path) -> Path:
    """Run the programme into a database."""
    titles = {"001": "Torino", "01": "Cuneo", "1": "Asti"}
    codes = [{"code": code, "title": {"it": title, "en": f"{title} (en)"}} for code, title in titles.items()]
    codelists = [{"id": "places", "title": {"it": "Luoghi", "en": "Places"}, "codes": codes}]
    waves = [{"id": year, "title": year, "date": year, "role": "series"} for year in ("2019", "2020")]
    mean = indicator("m", contract="survey", formula={"kind": "mean", "column": "score"}, sample={"weight": "w"},
                     ex_post={"wave": "2020"})  # fmt: skip
    tables = {"one": survey(), "two": notes()}
    made = programme_folder(folder / "made", tables, [mean], waves=waves, codelists=codelists)
    path = made / "sources.yaml"
    sources = yaml.safe_load(path.read_text())
    for source in sources["sources"]:
        source["format"] = {"multiline": True}
    path.write_text(yaml.safe_dump(sources))
    header = made / "programme.yaml"
    header.write_text(header.read_text() + "disclosure: {minimum: 1}\n")
    with Warehouse(folder / "made.duckdb") as warehouse:
        run_programme(load_programme(made), warehouse)
    return folder / "made.duckdb"
