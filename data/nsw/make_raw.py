"""Write ``raw/nsw_dehejia_wahba.csv`` from the PyPI package ``causaldata`` (real data, not generated).

The package's ``nsw_mixtape`` holds the Dehejia-Wahba sample of the National Supported Work experiment. The rows
keep their order; ``person_id`` numbers them, because the original has no identifier.

Run ``python data/nsw/make_raw.py`` with the ``test`` extra installed.
"""

from pathlib import Path

from causaldata import nsw_mixtape

RAW = Path(__file__).parent / "raw" / "nsw_dehejia_wahba.csv"


def main() -> None:
    """Write the file."""
    frame = nsw_mixtape.load_pandas().data.drop(columns="data_id")
    frame.insert(0, "person_id", [f"nsw{number:03d}" for number in range(1, len(frame) + 1)])
    whole = ["treat", "age", "educ", "black", "hisp", "marr", "nodegree"]
    frame[whole] = frame[whole].astype(int)
    RAW.parent.mkdir(exist_ok=True)
    frame.to_csv(RAW, index=False, lineterminator="\n")
    print(f"{RAW.name}: {len(frame)} rows")


if __name__ == "__main__":
    main()
