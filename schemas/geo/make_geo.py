"""Write it_piemonte.geojson: the eight provinces of Piedmont, keyed by NUTS 2021 code, from Natural Earth.

Natural Earth (https://www.naturalearthdata.com/about/terms-of-use/) is in the public domain. QGIS ships its provinces
of the world as a GeoPackage, generalised along shared arcs, so that neighbours keep the same points: Debian's package
``qgis-common`` has it as /usr/share/qgis/resources/data/world_map.gpkg. Coordinates are rounded once, to 0.001 degrees
(about 100 m, finer than the drawing), and equal points stay equal.

Only Piedmont is taken: the source draws the eight provinces that Sardinia had until 2016, and NUTS 2021 has five.

    python schemas/geo/make_geo.py /usr/share/qgis/resources/data/world_map.gpkg
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
REGION = "ITC1"
RETRIEVED = "2026-11-28"
Ring = list[tuple[float, float]]


def geometry(blob: bytes) -> list[list[Ring]]:
    """Return the polygons of a multipolygon of a GeoPackage, each a list of rings."""
    envelope = (0, 32, 48, 48, 64)[blob[3] >> 1 & 7]
    parts, _ = _read(blob, 8 + envelope)
    return parts  # type: ignore[no-any-return]


def _read(blob: bytes, at: int) -> tuple[Any, int]:
    """Read well-known binary from a place on: what stands there, and where it ends."""
    order = "<" if blob[at] else ">"
    kind, count = struct.unpack_from(f"{order}II", blob, at + 1)
    if kind not in (3, 6):
        raise ValueError(f"expected a polygon (3) or multipolygon (6) of two dimensions, found {kind}")
    read = _read if kind == 6 else lambda blob, at: _ring(blob, at, order)
    parts, at = [], at + 9
    for _ in range(count):
        part, at = read(blob, at)
        parts.append(part)
    return parts, at


def _ring(blob: bytes, at: int, order: str) -> tuple[Ring, int]:
    (count,) = struct.unpack_from(f"{order}I", blob, at)
    numbers = struct.unpack_from(f"{order}{2 * count}d", blob, at + 4)
    return list(zip(numbers[::2], numbers[1::2], strict=True)), at + 4 + 16 * count


def tidy(ring: Ring, *, hole: bool) -> Ring:
    """Round a ring, drop points that became equal, and turn it as RFC 7946 asks: outer rings against the clock."""
    rounded = [(round(x, 3), round(y, 3)) for x, y in ring]
    kept = [rounded[0], *(after for before, after in pairwise(rounded) if after != before)]
    clockwise = sum((u - x) * (v + y) for (x, y), (u, v) in pairwise(kept)) > 0
    return kept if clockwise == hole else kept[::-1]


def provinces() -> Iterator[tuple[str, str, str, str]]:
    """Return code, Italian name, plate and English name of each province of the region."""
    declared = yaml.safe_load((HERE.parent / "codelists" / "territory_it.yaml").read_text(encoding="utf-8"))
    for code in declared["codelists"][0]["codes"]:
        if code.get("parent") == REGION:
            title = code["title"] if isinstance(code["title"], dict) else dict.fromkeys(("it", "en"), code["title"])
            yield code["code"], title["it"], code["same_as"]["plate"], title["en"]


def feature(database: sqlite3.Connection, code: str, name: str, plate: str, english: str) -> dict[str, Any]:
    """Return a province; the source names it in English."""
    query = "SELECT geom FROM states_provinces WHERE iso_a2 = 'IT' AND name = ?"
    ((blob,),) = database.execute(query, [english]).fetchall()
    parts = [[tidy(ring, hole=place > 0) for place, ring in enumerate(part)] for part in geometry(blob)]
    shape = {"type": "MultiPolygon", "coordinates": parts}
    properties = {"code": code, "name": name, "abbreviation": plate}
    return {"type": "Feature", "id": code, "properties": properties, "geometry": shape}


def collection(source: Path) -> dict[str, Any]:
    """Return the provinces with where they come from."""
    database = sqlite3.connect(source.resolve().as_uri() + "?mode=ro", uri=True)
    features = [feature(database, *province) for province in provinces()]
    database.close()
    return {
        "type": "FeatureCollection",
        "source": "Natural Earth 1:10m Admin 1 – States, Provinces 4.1.0, as generalised in QGIS's world_map.gpkg",
        "source_sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "licence": "Public domain",
        "retrieved": RETRIEVED,
        "codes": "NUTS 2021",
        "features": features,
    }


def written(found: dict[str, Any]) -> str:
    """Write a collection as GeoJSON, a line for each feature."""
    lines = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in found["features"])
    head = json.dumps(found | {"features": []}, ensure_ascii=False, indent=1)
    return head.replace('"features": []', f'"features": [\n{lines}\n]') + "\n"


if __name__ == "__main__":
    (HERE / "it_piemonte.geojson").write_text(written(collection(Path(sys.argv[1]))), encoding="utf-8")
