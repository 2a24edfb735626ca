"""JSON Schemas of the declaration files, for editors; generated from the models, never written by hand.

``python -m impact.declare.schemas FOLDER`` writes them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaValue

from impact.declare.frameworks.model import FrameworkFile, SharedIndicatorsFile
from impact.declare.load import FILES
from impact.declare.portfolio import PortfolioFile
from impact.files import make_folder, write_file


def json_schemas() -> dict[str, JsonSchemaValue]:
    """Return the JSON Schema of each file of a programme folder, a portfolio and a framework, by file name.

    That of the indicators of a framework is called ``framework_indicators``: they lie in an ``indicators.yaml`` too.

    Examples
    --------
    >>> json_schemas()["indicators.schema.json"]["required"]
    ['indicators']
    """
    files: dict[str, type[BaseModel]] = {**FILES, "portfolio.yaml": PortfolioFile, "framework.yaml": FrameworkFile}
    files["framework_indicators.yaml"] = SharedIndicatorsFile
    return {
        f"{Path(name).stem}.schema.json": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": name,
            **model.model_json_schema(by_alias=True),
        }
        for name, model in files.items()
    }


def write_schemas(folder: Path) -> list[Path]:
    """Write the schemas into a folder and return the files."""
    make_folder(folder)
    written = []
    for name, schema in json_schemas().items():
        path = folder / name
        write_file(path, json.dumps(schema, indent=2, ensure_ascii=False) + "\n")
        written.append(path)
    return written


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
