"""Difference-in-differences on a large panel: sums in DuckDB against statsmodels on demeaned arrays.

``python benchmarks/panel_effects.py [--rows 10000000]``. Synthetic and seeded: persons × 10 periods in 2,000 clusters,
of which half start treatment in period 5. Each contender runs in its own process on the same DuckDB file. Time is from
the call to the error, for statsmodels with fetching the arrays and demeaning them. Memory is the peak resident set
less the resident set before the call, when modules are imported and the table has been read once.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import statsmodels.api as sm

from impact.estimate.panel import panel_effects

PERIODS = 10
RELATION = "SELECT person AS _unit, period AS _period, cluster AS _cluster, outcome AS _outcome, treated FROM panel"
#: name: effects of ours, cluster column
OURS = {
    "cluster effects, by cluster": ("_cluster", "_cluster"),
    "person effects, by cluster": ("_unit", "_cluster"),
    "person effects, by person": ("_unit", "_unit"),
}
THEIRS = {
    "cluster effects, by cluster": ("cluster", "cluster"),
    "person effects, by cluster": ("person", "cluster"),
    "person effects, by person": ("person", "person"),
}


def make(path: Path, rows: int) -> None:
    persons = rows // PERIODS
    clusters = max(20, min(2000, persons // 10))
    with duckdb.connect(str(path)) as connection:
        connection.execute("SELECT setseed(0.5)")
        connection.execute(
            f"CREATE TABLE panel AS SELECT i AS person, t AS period, i % {clusters} AS cluster,"
            f" CAST(i % {clusters} % 2 = 0 AND t >= 5 AS DOUBLE) AS treated,"
            f" sin(i) + 0.1 * t + 0.3 * sin(1 + i % {clusters} * 7 + t) + 0.2 * treated"
            " + sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS outcome"
            f" FROM range({persons}) persons(i), range({PERIODS}) periods(t)"
        )


def ours(connection: duckdb.DuckDBPyConnection, name: str) -> tuple[float, float]:
    effects, cluster = OURS[name]
    fit = panel_effects(
        connection, RELATION, terms=["treated"], effects=effects, clusters=[cluster], small_sample="none"
    )
    return fit["treated"].estimate, fit["treated"].std_error


def theirs(connection: duckdb.DuckDBPyConnection, name: str) -> tuple[float, float]:
    level, cluster = THEIRS[name]
    columns = ", ".join(dict.fromkeys((level, cluster, "period", "treated", "outcome")))
    rows = connection.execute(f"SELECT {columns} FROM panel").fetchnumpy()
    outcome, treated = (demeaned(rows[column], rows[level], rows["period"]) for column in ("outcome", "treated"))
    fit = sm.OLS(outcome, treated).fit(cov_type="cluster", cov_kwds={"groups": rows[cluster], "use_correction": False})
    return float(fit.params[0]), float(fit.bse[0])


def demeaned(values: np.ndarray, level: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Take out both effects; exact because the panel is balanced."""
    for codes in (level, period):
        values = values - (np.bincount(codes, values) / np.bincount(codes))[codes]
    return values


def resident(field: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def contend(path: str, who: str, name: str) -> None:
    with duckdb.connect(path, read_only=True) as connection:
        connection.execute("SELECT sum(person), sum(period), sum(cluster), sum(treated), sum(outcome) FROM panel")
        connection.fetchall()
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before, start = resident("VmRSS"), time.perf_counter()
        estimate, error = {"ours": ours, "statsmodels": theirs}[who](connection, name)
        seconds, peak = time.perf_counter() - start, resident("VmHWM") - before
    print(json.dumps({"seconds": seconds, "mb": peak, "estimate": estimate, "error": error}))


def measured(path: Path, who: str, name: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--contend", str(path), who, name]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--contend", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.contend:
        return contend(*chosen.contend)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.duckdb"
        make(path, chosen.rows)
        print(f"{chosen.rows:,} rows, {chosen.rows // PERIODS:,} persons, {PERIODS} periods")
        for name in OURS:
            mine, other = measured(path, "ours", name), measured(path, "statsmodels", name)
            apart = max(abs(mine[key] / other[key] - 1) for key in ("estimate", "error"))
            times, sizes = ([run[key] for run in (mine, other)] for key in ("seconds", "mb"))
            print(f"  {name:28} ours {times[0]:6.2f} s {sizes[0]:7.0f} MB   statsmodels {times[1]:6.2f} s", end="")
            print(f" {sizes[1]:7.0f} MB   ratios {times[0] / times[1]:.3f} {sizes[0] / sizes[1]:.3f}", end="")
            print(f"   largest difference {apart:.1e}")
    return None


if __name__ == "__main__":
    main()
