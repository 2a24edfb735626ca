"""Write the synthetic network: ``raw/network_bodies_synthetic.csv`` and ``raw/relations_synthetic.csv``.

Nothing here was observed. The documents name organisations but report no ties between them, so forty
invented bodies with invented ties stand in, to show how an innovation of relations would be measured. At the
end line some ties have dissolved, some are a little stronger, and most new ties cross a sector. Three bodies do
not answer at the end line: others still name them, but what they would have named is unknown. A few rows are dirty on
purpose.

Run ``python data/milano_sei_laltro/make_synthetic.py``; the files come out the same, byte for byte.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass, fields, replace
from functools import partial
from pathlib import Path

import numpy as np

RAW = Path(__file__).parent / "raw"
SEED = 20160310
KINDS = {
    "business": (("large_firm", 5), ("sme", 9)),
    "third_sector": (("social_enterprise", 8), ("association", 5), ("foundation", 3), ("informal_group", 2)),
    "public": (("public_body", 6), ("university", 2)),
}
TIES = ("information", "referral", "co_design", "shared_resources", "contract")
EARLY_TIES = (0.46, 0.24, 0.10, 0.12, 0.08)
NEW_TIES = (0.22, 0.16, 0.34, 0.20, 0.08)
N_BASELINE, N_NEW = 110, 90
CROSS_BASELINE, CROSS_NEW = 0.28, 0.68
P_DISSOLVED, P_STRONGER, P_SKIPPED = 0.22, 0.35, 0.02
N_SILENT = 3


@dataclass(frozen=True)
class Body:
    """One invented body."""

    body_id: str
    sector: str
    kind: str


@dataclass(frozen=True)
class Tie:
    """One invented tie from a body to another in one wave."""

    from_id: str
    to_id: str
    tie: str
    wave: str
    strength: int
    cross_sector: int
    from_sector: str
    to_sector: str

    @property
    def pair(self) -> tuple[str, str, str]:
        """Bodies and kind of the tie: what makes it the same tie in both waves."""
        return self.from_id, self.to_id, self.tie


def bodies() -> list[Body]:
    """Return the forty bodies, numbered sector by sector."""
    kinds = [(sector, kind) for sector, parts in KINDS.items() for kind, n in parts for _ in range(n)]
    return [Body(f"body_{number:02d}", *pair) for number, pair in enumerate(kinds, start=1)]


def draw_ties(
    rng: np.random.Generator,
    among: list[Body],
    *,
    number: int,
    wave: str,
    share_cross: float,
    mix: tuple[float, ...],
    taken: set[tuple[str, str, str]],
) -> list[Tie]:
    """Draw ties that are not taken yet.

    Parameters
    ----------
    rng
        Source of randomness.
    among
        Bodies to tie.
    number
        How many ties to draw.
    wave
        Wave written on them.
    share_cross
        Probability that a tie crosses a sector.
    mix
        Probability of each kind in ``TIES``.
    taken
        Ties that exist; the new ones are added to it.

    Returns
    -------
    list of Tie
        The new ties, in the order drawn.
    """
    drawn: list[Tie] = []
    while len(drawn) < number:
        tie = _one_tie(rng, among, wave, share_cross, mix)
        if tie.pair not in taken:
            taken.add(tie.pair)
            drawn.append(tie)
    return drawn


def _one_tie(rng: np.random.Generator, among: list[Body], wave: str, share_cross: float, mix: tuple[float, ...]) -> Tie:
    start = among[int(rng.integers(len(among)))]
    cross = bool(rng.random() < share_cross)
    ends = [body for body in among if body != start and (body.sector != start.sector) == cross]
    end = ends[int(rng.integers(len(ends)))]
    kind = TIES[int(rng.choice(len(TIES), p=mix))]
    strength = int(np.clip(1 + rng.binomial(4, 0.4), 1, 5))
    return Tie(start.body_id, end.body_id, kind, wave, strength, int(cross), start.sector, end.sector)


def carry_over(rng: np.random.Generator, ties: list[Tie]) -> list[Tie]:
    """Return the baseline ties that are still there at the end line, some of them one step stronger."""
    kept = [tie for tie in ties if rng.random() >= P_DISSOLVED]
    gains = rng.random(len(kept)) < P_STRONGER
    return [
        replace(tie, wave="end_line", strength=min(5, tie.strength + int(gain)))
        for tie, gain in zip(kept, gains, strict=True)
    ]


def as_written(rng: np.random.Generator, tie: Tie) -> dict[str, str]:
    """Return a tie as a row of text; now and then its strength was skipped."""
    row = {field.name: str(value) for field, value in zip(fields(tie), astuple(tie), strict=True)}
    if rng.random() < P_SKIPPED:
        row["strength"] = "-8"
    return row


def with_dirty_rows(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Append the rows a contract has to catch: see the comments beside them."""
    first, last = rows[0], rows[-1]
    return [
        *rows,
        # a body tied to itself
        {**first, "to_id": first["from_id"], "to_sector": first["from_sector"], "cross_sector": "0"},
        {**last, "from_id": "body_77"},  # a body that does not exist
        # the first tie again, told differently
        {**first, "strength": "5" if first["strength"] == "1" else "1"},
        {**last, "tie": "friendship"},  # a kind of tie that is not on the list
        {**last, "tie": "contract", "strength": "9"},  # a strength beyond the scale
        {**first, "wave": "midline"},  # a wave that was never collected
    ]


def write(path: Path, columns: list[str], rows: Iterable[dict[str, str]]) -> None:
    """Write rows as CSV in UTF-8 with line feeds."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Write both files."""
    rng = np.random.default_rng(SEED)
    among, taken = bodies(), set[tuple[str, str, str]]()
    draw = partial(draw_ties, rng, among, taken=taken)
    early = draw(number=N_BASELINE, wave="baseline", share_cross=CROSS_BASELINE, mix=EARLY_TIES)
    late = carry_over(rng, early)
    new = draw(number=N_NEW, wave="end_line", share_cross=CROSS_NEW, mix=NEW_TIES)
    silent = set(np.random.default_rng(SEED + 1).choice([body.body_id for body in among], N_SILENT, replace=False))
    told = [tie for tie in [*early, *late, *new] if tie.wave == "baseline" or tie.from_id not in silent]
    rows = with_dirty_rows([as_written(rng, tie) for tie in told])
    RAW.mkdir(exist_ok=True)
    rounds = [(wave, body) for wave in ("baseline", "end_line") for body in among]
    body_rows = [
        {**asdict(body), "wave": wave, "answered": "no" if wave == "end_line" and body.body_id in silent else "yes"}
        for wave, body in rounds
    ]
    write(RAW / "network_bodies_synthetic.csv", list(body_rows[0]), body_rows)
    write(RAW / "relations_synthetic.csv", [field.name for field in fields(Tie)], rows)
    print(f"{len(among)} bodies, {len(rows)} rows of ties")


if __name__ == "__main__":
    main()
