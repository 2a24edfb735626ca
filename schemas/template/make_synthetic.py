"""Write raw/survey.csv: a synthetic survey with a true effect of 12 points on WHO-5, to be replaced by your own."""

import csv
import random
from pathlib import Path


def main() -> None:
    """Write 120 invented persons at two waves."""
    draw = random.Random(20240201)
    rows = []
    for number in range(1, 121):
        arm = "treated" if number % 2 else "comparison"
        gender, level = draw.choice("FM"), draw.gauss(2.4, 0.8)
        for wave in ("baseline", "end_line"):
            gain = 0.6 if (arm, wave) == ("treated", "end_line") else 0.0
            items = [min(5, max(0, round(draw.gauss(level + gain, 0.7)))) for _ in range(5)]
            rows.append([f"P{number:03d}", wave, arm, gender, *items])
    path = Path(__file__).parent / "raw" / "survey.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["person_id", "wave", "arm", "gender", "who1", "who2", "who3", "who4", "who5"])
        writer.writerows(rows)


if __name__ == "__main__":
    main()
