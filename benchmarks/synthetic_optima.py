"""How stable a synthetic control is whose importance of predictors is searched for: the numbers of the method note.

``python benchmarks/synthetic_optima.py [--seeds 1 2]`` runs the declared programme ``germany`` of the tests once per
seed of the random starts and prints weights, effect and range. Needs IMPACT_REFERENCE_DATA, the folder of public data.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import impact
from tests.reference.gallery import PREPARED, PROGRAMMES

DECLARED = "importance: cross_validated"


def declared(folder: Path, seed: int) -> Path:
    target = folder / f"seed_{seed}" / "germany"
    (target / "raw").mkdir(parents=True)
    for path in (PROGRAMMES / "germany").glob("*.yaml"):
        text = path.read_text(encoding="utf-8").replace(DECLARED, f"seed: {seed}\n        {DECLARED}")
        (target / path.name).write_text(text, encoding="utf-8")
    PREPARED["germany"]().to_csv(target / "raw" / "data.csv", index=False)
    return target


def report(seed: int, folder: Path) -> None:
    began = time.perf_counter()
    result = impact.run(declared(folder, seed))
    terms, checks = result.terms(), result.diagnostics()
    result.close()
    terms = terms[terms["indicator"] == "cross_validated"]
    print(f"seed {seed}, {time.perf_counter() - began:.0f} s for three synthetic controls")
    for row in terms[terms["family"] == "optimum_range"].itertuples():
        print(f"  {row.term:<24}{row.estimate:>10.4f}  {row.conf_low:>10.4f} to {row.conf_high:>10.4f}")
    gaps = terms[terms["family"] == "gap"].set_index("term")["estimate"]
    print(f"  mean gap 1990 to 2003   {gaps['1990':'2003'].mean():>10.1f}   gap in 2003 {gaps['2003']:.1f}")
    for row in terms[terms["family"] == "leave_one_out"].itertuples():
        print(f"  {row.term:<24}{row.estimate:>10.1f}")
    print(" ", checks[checks["check"] == "stable_optimum"].iloc[0]["detail"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    with tempfile.TemporaryDirectory() as scratch:
        for one in parser.parse_args().seeds:
            report(one, Path(scratch))
