"""Make the synthetic data of the WeCaRe example, in ``raw/``: a survey with a file per wave, a territory, expenditure.

Nobody was interviewed. The projects and their quadrants are real; persons, areas, answers and the comparison
areas are invented, so that the engine can be tried on a survey whose true effect is known.

Notes
-----
36 invented areas: 22 treated, one per project, and 14 comparison areas. Assignment is not random: treated
areas start two WHO-5 points lower. Answers have an area effect, a person effect, an area-by-wave shock and
noise.

Between the waves everybody loses four WHO-5 points and grows a little lonelier (the pandemic). Being treated
adds, on the latent scale and before rounding to items:

* WHO-5 score (0-100): +6 points;
* loneliness (three items, 3-9): -0.45 points;
* knowing the local services: +15 percentage points;
* share of care that is informal: +5 percentage points;
* being employed, hours of work and hours of care: no effect.

Items are rounded and limited to their range, which shrinks the first two effects slightly; running the script
prints the true average effects on the observed scores, from the same persons with and without the programme.

The territory has 60,000 invented adults, counted at both waves: how many know the local services. The share grows by
the trend of the survey, and by its effect on the 9,000 who were reached.

Two invented bodies spend money, each in categories of its own: what they planned, what they incurred (about as planned)
and the part of it that was certified. One has unpaid work, the other equipment; "Varie" is in no account. The report
states a commitment only; nobody spent these amounts.

About 17 per cent of the persons drop out before the end line, a little more often when treated or when
unwell. About one row in a hundred is spoilt on purpose, as counted in ``DIRTY``.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

RAW = Path(__file__).parent / "raw"
SEED = 20210531
PERSONS = 4000
COMPARISON_QUADRANTS = ("to",) * 5 + ("vco_vc_bi_no",) * 4 + ("cn",) * 3 + ("at_al",) * 2
WHO = tuple(f"who{i}" for i in range(1, 6))
LONELY = tuple(f"lonely{i}" for i in range(1, 4))
EFFECT = {"wellbeing": 6.0, "loneliness": -0.45, "knows": 0.15, "informal": 0.05}
TREND = {"wellbeing": -4.0, "loneliness": 0.3, "knows": 0.05, "employed": -0.03}
ADULTS, REACHED, KNOWING = 60_000, 9_000, 0.36
BUDGETS = {
    "a": {
        "Personale dipendente": 96_000,
        "Missioni": 6_000,
        "Spese generali": 14_400,
        "Contributi ai partecipanti": 30_000,
        "Lavoro volontario (valorizzato)": 24_000,
    },
    "b": {
        "Risorse umane": 78_000,
        "Servizi esterni": 33_000,
        "Trasferte": 4_500,
        "Attrezzature": 27_000,
        "Costi indiretti": 11_700,
        "Varie": 3_000,
    },
}
"""Planned a year, in euros."""
SPENDING = {"2019": 0.2, "2020": 1.0, "2021": 0.8}
"""Share of a year's plan that is planned for each year."""
CERTIFIED = {"2019": 0.97, "2020": 0.9, "2021": 0.45}
REFUSED, NOT_APPLICABLE, SKIPPED, SUPPRESSED = "-7", "-8", "-9", "-6"

COLUMNS = (
    "person_id", "arm", "district", "project_id", "quadrant", "sex", "age", "consent_date", "interview_date",
    *WHO, *LONELY, "knows_services", "employed", "work_hours", "care_hours", "informal_hours", "weight",
)  # fmt: skip
ITALIAN = (
    "id_persona", "braccio", "area", "progetto", "quadrante", "sesso", "eta", "data_consenso",
    "data_intervista", *WHO, "ucla1", "ucla2", "ucla3", "conosce_servizi", "occupato", "ore_lavoro",
    "ore_aiuto", "ore_aiuto_informale", "peso",
)  # fmt: skip
WORDS = {"treated": "trattato", "comparison": "confronto", "female": "F", "male": "M", "yes": "si"}
NOTES = ("", "", "", "intervista telefonica", "risponde un familiare")

Row = dict[str, str]
Draw = np.random.Generator


@dataclass(frozen=True)
class Spoiler:
    """One kind of dirty row: how many in each file, and what it does to a row."""

    kind: str
    baseline: int
    end_line: int
    change: Callable[[Row], Row]
    extra: bool = False


def _set(**values: str) -> Callable[[Row], Row]:
    return lambda row: {**row, **values}


def _impossible_date(row: Row) -> Row:
    return {**row, "interview_date": row["interview_date"][:4] + "-02-30"}


def _consent_too_late(row: Row) -> Row:
    return {**row, "consent_date": row["interview_date"][:4] + "-12-31"}


def _malformed_id(row: Row) -> Row:
    return {**row, "person_id": row["person_id"].replace("WP", "wp-")}


def _other_answers(row: Row) -> Row:
    return {**row, "who1": "0" if row["who1"] != "0" else "5", "care_hours": "40", "informal_hours": "10"}


DIRTY = (
    Spoiler("item out of range", 4, 3, _set(who3="7")),
    Spoiler("age out of range", 2, 2, _set(age="208")),
    Spoiler("impossible date", 3, 3, _impossible_date),
    Spoiler("unknown code", 3, 2, _set(sex="X")),
    Spoiler("text in a number", 3, 2, _set(age="settanta")),
    Spoiler("required value blank", 2, 2, _set(weight="")),
    Spoiler("malformed person id", 2, 1, _malformed_id),
    Spoiler("orphan project", 3, 2, _set(arm="treated", project_id="progetto_ignoto")),
    Spoiler("treated without project", 2, 1, _set(arm="treated", project_id="")),
    Spoiler("work hours without work", 3, 2, _set(employed="no", work_hours="20")),
    Spoiler("more informal than all care", 2, 2, _set(care_hours="4", informal_hours="9")),
    Spoiler("consent after interview (warning)", 3, 2, _consent_too_late),
    Spoiler("more than 60 hours of work (warning)", 2, 2, _set(employed="yes", work_hours="72")),
    Spoiler("same key, other answers", 3, 3, _other_answers, extra=True),
    Spoiler("identical double submission", 4, 3, dict, extra=True),
)
NEVER_AT_BASELINE = 6


def make_areas(rng: Draw) -> pd.DataFrame:
    """Return one row per area: project or none, quadrant, arm, size, and the area's own level and shock."""
    projects = pd.read_csv(RAW / "projects.csv", usecols=["project_id", "quadrant"])
    comparison = pd.DataFrame({"project_id": "", "quadrant": COMPARISON_QUADRANTS})
    areas = pd.concat([projects, comparison], ignore_index=True)
    count = len(areas)
    areas["district"] = [f"d{i:02d}" for i in range(1, count + 1)]
    areas["treated"] = areas["project_id"] != ""
    areas["size"] = rng.uniform(0.6, 1.4, count)
    areas["level"] = rng.normal(0, 3, count) - 2.0 * areas["treated"]
    areas["shock"] = rng.normal(0, 1.0, count)
    return areas


def make_people(rng: Draw, areas: pd.DataFrame) -> pd.DataFrame:
    """Return one row per person: area, arm, sex, age and what is stable about the person."""
    share = areas["size"] * np.where(areas["treated"], 1.0, 1.35)
    chosen = np.sort(rng.choice(len(areas), PERSONS, p=share / share.sum()))
    people = areas.iloc[chosen].reset_index(drop=True)
    older = rng.random(PERSONS) < 0.45
    people["person_id"] = [f"WP{i:05d}" for i in range(1, PERSONS + 1)]
    people["sex"] = np.where(rng.random(PERSONS) < 0.58, "female", "male")
    people["age"] = np.where(older, rng.integers(65, 93, PERSONS), rng.integers(18, 65, PERSONS))
    people["self"] = rng.normal(0, 1, PERSONS)
    people["knowing"] = rng.normal(0, 1, PERSONS)
    people["working"] = rng.normal(0, 1, PERSONS)
    people["start"] = np.round(people["size"] * rng.lognormal(0, 0.2, PERSONS), 3)
    people["consent_day"] = rng.integers(0, 20, PERSONS)
    return people


def _items(rng: Draw, level: np.ndarray, names: tuple[str, ...], *, low: int, high: int, spread: float) -> pd.DataFrame:
    noise = rng.normal(0, spread, (len(level), len(names)))
    rounded = np.clip(np.rint(level[:, None] + noise), low, high).astype(int)
    return pd.DataFrame(rounded, columns=list(names))


def _state(rng: Draw, trait: np.ndarray, chance: np.ndarray) -> np.ndarray:
    index = 0.8 * trait + 0.6 * rng.normal(0, 1, len(trait))
    return np.where(index < norm.ppf(chance), "yes", "no")


def make_answers(rng: Draw, people: pd.DataFrame, end: bool, with_effect: bool = True) -> pd.DataFrame:
    """Return the complete answers of all persons at one wave.

    Parameters
    ----------
    rng
        Source of the noise; the same state with and without effect gives the same persons twice.
    people
        What :func:`make_people` returns.
    end
        Whether this is the end line.
    with_effect
        Whether the treated get the effects of ``EFFECT``.
    """
    count, later = len(people), float(end)
    on = people["treated"].to_numpy() * later * float(with_effect)
    age = people["age"].to_numpy()
    group = 3.0 * (age >= 75) + 2.0 * (people["sex"] == "female")
    wellbeing = 56 + people["level"] + 13 * people["self"] - group
    wellbeing = wellbeing + later * (TREND["wellbeing"] + people["shock"]) + rng.normal(0, 7, count)
    loneliness = 5.2 - 0.03 * (wellbeing - 54) + later * TREND["loneliness"] + rng.normal(0, 0.6, count)
    wellbeing, loneliness = wellbeing + EFFECT["wellbeing"] * on, loneliness + EFFECT["loneliness"] * on
    who = _items(rng, wellbeing.to_numpy() / 20, WHO, low=0, high=5, spread=0.7)
    lonely = _items(rng, loneliness.to_numpy() / 3, LONELY, low=1, high=3, spread=0.5)
    knows = 0.38 - 0.03 * people["treated"].to_numpy() + later * TREND["knows"] + EFFECT["knows"] * on
    works = np.where(age < 65, 0.55 + later * TREND["employed"], 0.03)
    answers = pd.concat([who, lonely], axis=1)
    answers["knows_services"] = _state(rng, people["knowing"].to_numpy(), knows)
    answers["employed"] = _state(rng, people["working"].to_numpy(), works)
    answers["work_hours"] = np.clip(np.rint(rng.normal(34, 9, count) * 2) / 2, 4, 60)
    care = rng.gamma(2.0, 3.5, count) * np.where(age >= 75, 1.6, 1.0)
    answers["care_hours"] = np.rint(care * 2) / 2
    share = np.clip(rng.beta(3, 2.2, count) + EFFECT["informal"] * on, 0, 1)
    answers["informal_hours"] = np.floor(answers["care_hours"] * share * 2) / 2
    return answers


def stays(rng: Draw, people: pd.DataFrame, baseline: pd.DataFrame) -> np.ndarray:
    """Return who is found again at the end line: fewer of the treated, and fewer of the unwell."""
    score = 4 * baseline[list(WHO)].sum(axis=1)
    leave = 0.165 + 0.025 * people["treated"] + 0.0015 * (54 - score)
    return np.asarray(rng.random(len(people)) >= leave.clip(0.02, 0.6).to_numpy())


def _blank_some(rng: Draw, table: pd.DataFrame, names: tuple[str, ...], code: str, chance: float) -> None:
    hit = rng.random(len(table)) < chance
    table.loc[hit, list(names)] = code


def with_nonresponse(rng: Draw, answers: pd.DataFrame) -> pd.DataFrame:
    """Return the answers as text, with items skipped, refused, not applicable or left blank."""
    table = answers.map(lambda value: f"{value:g}" if isinstance(value, float) else str(value)).astype(object)
    for item in (*WHO, *LONELY):
        _blank_some(rng, table, (item,), SKIPPED, 0.015)
    _blank_some(rng, table, WHO, REFUSED, 0.012)
    _blank_some(rng, table, LONELY, REFUSED, 0.015)
    _blank_some(rng, table, ("knows_services",), "", 0.01)
    _blank_some(rng, table, ("care_hours", "informal_hours"), NOT_APPLICABLE, 0.06)
    _blank_some(rng, table, ("care_hours", "informal_hours"), "", 0.01)
    _blank_some(rng, table, ("informal_hours",), SKIPPED, 0.015)
    table.loc[answers["employed"] == "no", "work_hours"] = NOT_APPLICABLE
    return table


def make_wave(rng: Draw, people: pd.DataFrame, answers: pd.DataFrame, first_day: str, weight: np.ndarray) -> list[Row]:
    """Return one wave as rows of text in the columns of the contract."""
    table = with_nonresponse(rng, answers)
    day = pd.Timestamp("2019-11-11") + pd.to_timedelta(people["consent_day"], unit="D")
    interview = pd.Timestamp(first_day) + pd.to_timedelta(rng.integers(0, 26, len(people)), unit="D")
    for name in ("person_id", "district", "project_id", "quadrant", "sex"):
        table[name] = people[name].to_numpy()
    table["arm"] = np.where(people["treated"], "treated", "comparison")
    table["age"] = people["age"].astype(str).to_numpy()
    _blank_some(rng, table, ("age",), SUPPRESSED, 0.003)
    table["consent_date"] = day.dt.strftime("%Y-%m-%d").to_numpy()
    table["interview_date"] = interview.strftime("%Y-%m-%d")
    table["weight"] = [f"{value:.3f}" for value in weight]
    return [{name: str(row[name]) for name in COLUMNS} for row in table.to_dict("records")]


def spoil(rng: Draw, rows: list[Row], end: bool) -> list[Row]:
    """Return the rows with the dirty ones of ``DIRTY``, each kind on rows of its own."""
    counts = [spoiler.end_line if end else spoiler.baseline for spoiler in DIRTY]
    places = iter(rng.choice(len(rows), sum(counts), replace=False).tolist())
    changed, added = list(rows), []
    for spoiler, count in zip(DIRTY, counts, strict=True):
        for place in (next(places) for _ in range(count)):
            if spoiler.extra:
                added.append(spoiler.change(rows[place]))
            else:
                changed[place] = spoiler.change(rows[place])
    return changed + added


def strangers(rows: list[Row]) -> list[Row]:
    """Return rows of persons who were never at the baseline, copied from others under a new number."""
    copies = rows[:: len(rows) // NEVER_AT_BASELINE][:NEVER_AT_BASELINE]
    return [{**row, "person_id": f"WP{90001 + i}"} for i, row in enumerate(copies)]


def to_italian(row: Row) -> Row:
    """Return a row as the end line file writes it: Italian headings, dates, codes and decimal comma."""
    words = {name: WORDS.get(value, value) for name, value in row.items()}
    for name in ("consent_date", "interview_date"):
        words[name] = "/".join(reversed(row[name].split("-")))
    for name in ("work_hours", "care_hours", "informal_hours", "weight"):
        words[name] = row[name].replace(".", ",")
    return {italian: words[name] for italian, name in zip(ITALIAN, COLUMNS, strict=True)}


def write_baseline(rows: list[Row]) -> None:
    """Write the baseline file: comma, decimal point, ISO dates."""
    with (RAW / "survey_baseline.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_end_line(rng: Draw, rows: list[Row]) -> None:
    """Write the end line file: semicolon, decimal comma, Italian dates.

    One line is too short, and one has a quote that is never closed.
    """
    notes = rng.choice(NOTES, len(rows))
    lines = [";".join([*to_italian(row).values(), note]) for row, note in zip(rows, notes, strict=True)]
    lines[700] = ";".join(lines[700].split(";")[:-4])
    lines[1400] = ";".join(lines[1400].split(";")[:-1]) + ';"risponde la figlia'
    text = "\n".join([";".join([*ITALIAN, "note_intervistatore"]), *lines]) + "\n"
    (RAW / "survey_endline.csv").write_text(text, encoding="utf-8", newline="")


def write_territory() -> None:
    """Write how many adults of the invented territory know the services, before and after."""
    rng = np.random.default_rng(SEED + 2)
    moved = KNOWING + TREND["knows"] + EFFECT["knows"] * REACHED / ADULTS
    known = {"baseline": rng.binomial(ADULTS, KNOWING), "end_line": rng.binomial(ADULTS, moved)}
    lines = ["wave,adults,know_services", *(f"{wave},{ADULTS},{count}" for wave, count in known.items())]
    (RAW / "synthetic_territory.csv").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")


def write_expenditure() -> None:
    """Write what two invented bodies planned, incurred and had certified, a file each, by year and category."""
    rng = np.random.default_rng(SEED + 3)
    for body, budget in BUDGETS.items():
        lines = ["expenditure_id,period,voce,stage,amount,currency,price_year"]
        for year, share in SPENDING.items():
            for place, (category, a_year) in enumerate(budget.items(), start=1):
                planned = a_year * share
                incurred = round(planned * rng.uniform(0.88, 1.04), 2)
                amounts = {"planned": planned, "incurred": incurred, "certified": round(incurred * CERTIFIED[year], 2)}
                lines += [
                    f"{body}_{year}_{place}_{stage},{year},{category},{stage},{amount:.2f},EUR,{year}"
                    for stage, amount in amounts.items()
                ]
        path = RAW / f"synthetic_expenditure_{body}.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")


def true_effects(people: pd.DataFrame, here: np.ndarray) -> dict[str, float]:
    """Return the true average effects on the observed scores of the treated who are found again."""
    with_, without = (
        make_answers(np.random.default_rng(SEED + 1), people, end=True, with_effect=on) for on in (True, False)
    )
    treated = people["treated"].to_numpy() & here
    gain = {
        "WHO-5 score": 4 * (with_[list(WHO)].sum(axis=1) - without[list(WHO)].sum(axis=1)),
        "loneliness": with_[list(LONELY)].sum(axis=1) - without[list(LONELY)].sum(axis=1),
        "knows services": (with_["knows_services"] == "yes") * 1.0 - (without["knows_services"] == "yes"),
        "WHO-5 below 50": (4 * with_[list(WHO)].sum(axis=1) < 50) * 1.0 - (4 * without[list(WHO)].sum(axis=1) < 50),
        "employed": (with_["employed"] == "yes") * 1.0 - (without["employed"] == "yes"),
    }
    return {name: float(values[treated].mean()) for name, values in gain.items()}


def main() -> None:
    """Write the files and print the true effects and the planted rows."""
    rng = np.random.default_rng(SEED)
    people = make_people(rng, make_areas(rng))
    before = make_answers(rng, people, end=False)
    after = make_answers(np.random.default_rng(SEED + 1), people, end=True)
    here = stays(rng, people, before)
    found = people.assign(here=here).groupby(["treated", "sex"])["here"].transform("mean")
    later = people["start"] / found
    first = make_wave(rng, people, before, "2019-12-02", people["start"].to_numpy())
    staying = people[here].reset_index(drop=True)
    last = make_wave(rng, staying, after[here].reset_index(drop=True), "2021-05-03", later[here].to_numpy())
    write_baseline(spoil(rng, first, end=False))
    write_end_line(rng, [*spoil(rng, last, end=True), *strangers(last)])
    write_territory()
    write_expenditure()
    print(f"baseline {len(first)} persons, end line {len(last)}")
    for name, value in true_effects(people, here).items():
        print(f"true effect on the observed {name}: {value:+.3f}")
    for spoiler in DIRTY:
        print(f"{spoiler.kind}: {spoiler.baseline} at baseline, {spoiler.end_line} at end line")


if __name__ == "__main__":
    main()
