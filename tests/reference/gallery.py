"""ReaderTables and R values reproduced from declarations: the programmes of ``programmes/``, run by the engine itself.

Each programme folder is declared as a user would declare it. :data:`PREPARED` puts the public data beside the
declarations, changing no value; :data:`CASES` says where each reference value comes out. ``docs/_gallery.py`` prints
them, ``test_gallery.py`` checks them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

import impact
from tests.support.references import FOLDER, dataset, florentine_families, references

PROGRAMMES = Path(__file__).parent / "programmes"


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    frame.insert(0, "row_id", range(1, len(frame) + 1))
    return frame


def _plain(name: str, **options: Any) -> pd.DataFrame:
    return dataset(name, dtype=str, keep_default_na=False, **options)


def _seatbelts() -> pd.DataFrame:
    frame = _plain("seatbelts.csv")
    months = pd.period_range("1969-01", periods=len(frame), freq="M").astype(str)
    return pd.DataFrame({"month_of_year": months, "drivers": frame["drivers"], "law": frame["law"]})


def _api(name: str) -> pd.DataFrame:
    frame = _plain(name).rename(columns=lambda column: column.replace(".", "_"))
    frame = frame.rename(columns={"sch_wide": "sch_wide_code"})
    columns = [
        "cds",
        "stype",
        "dnum",
        "api00",
        "api99",
        "enroll",
        "api_stu",
        "comp_imp",
        "sch_wide_code",
        "ell",
        "meals",
        "mobility",
        "pw",
        "fpc",
    ]
    return frame[columns]


def _matrix(name: str) -> pd.DataFrame:
    """Return the ties of a 0/1 matrix as pairs of numbered bodies."""
    return _ties(dataset(name, header=None).to_numpy())


def _ties(adjacency: np.ndarray) -> pd.DataFrame:
    start, end = np.nonzero(adjacency)
    return pd.DataFrame({"from_id": start + 1, "to_id": end + 1})


def _s50() -> dict[str, pd.DataFrame]:
    ties = pd.concat([_matrix(f"s50{wave}.csv").assign(wave=f"w{wave}") for wave in (1, 2, 3)])
    return {"bodies": pd.DataFrame({"body_id": range(1, 51)}), "data": ties}


def _florentine() -> dict[str, pd.DataFrame]:
    families = florentine_families()
    ties = _ties(nx.to_numpy_array(families, nodelist=sorted(families)))
    return {"bodies": pd.DataFrame({"body_id": range(1, 17)}), "data": ties}


def _karate() -> dict[str, pd.DataFrame]:
    graph = nx.karate_club_graph()
    bodies = pd.DataFrame([(node, club) for node, club in graph.nodes(data="club")], columns=["body_id", "club"])
    return {"bodies": bodies, "data": pd.DataFrame(list(graph.edges()), columns=["from_id", "to_id"])}


PREPARED: dict[str, Callable[[], pd.DataFrame | dict[str, pd.DataFrame]]] = {
    "nsw_inference": lambda: _numbered(_plain("cd_nsw_mixtape.csv")),
    "lee_bounds": lambda: _numbered(_plain("cd_nsw_mixtape.csv")),
    "kielmc": lambda: _numbered(_plain("wd_kielmc.csv")),
    "jtrain": lambda: _plain("wd_jtrain.csv"),
    "mpdta": lambda: _plain("mpdta.csv"),
    "lalonde": lambda: _numbered(_plain("lalonde_matchit.csv")),
    "senate": lambda: _numbered(_plain("rdrobust_senate.csv")),
    "prop99": lambda: _plain("california_prop99.csv", sep=";"),
    "seatbelts": _seatbelts,
    "petersen": lambda: _plain("PetersenCL.csv"),
    "germany": lambda: _plain("germany.csv"),
    "api_strat": lambda: _api("apistrat.csv"),
    "api_clus1": lambda: _api("apiclus1.csv"),
    "s50": _s50,
    "florentine": _florentine,
    "karate": _karate,
}


@dataclass(frozen=True)
class Case:
    """Where a reference value comes out.

    Parameters
    ----------
    reference
        Id in ``values.json``.
    programme, indicator
        Declaration.
    place
        ``effect``, ``measure``, ``wave:<wave>``, ``check:<name>`` or ``term:<family>:<term>``.
    value_tolerance, error_tolerance
        Relative; None for the reference's own.
    error_factor
        What our error has been multiplied by that the reference's has not.
    why
        Reason for a tolerance of our own, or for what differs.
    """

    reference: str
    programme: str
    indicator: str
    place: str = "effect"
    value_tolerance: float | None = None
    error_tolerance: float | None = None
    error_factor: float = 1.0
    why: str = ""


SMALL_SAMPLE = "our error has the factor sqrt(n/(n-1)); the reference is compared with it"
GLM_STOPS = "R's glm stops at epsilon 1e-8; ours is converged"
RAKE_STOPS = "R's rake stops early and takes residuals with the weights before the last step"


def _cases() -> Iterator[Case]:
    for name in references():
        group, _, rest = name.partition(".")
        found = _RULES[group](name, rest) if group in _RULES else None
        if found is not None:
            yield found


def _survey(name: str, rest: str) -> Case:
    programme = "api_strat" if rest.startswith("strat") else "api_clus1"
    indicator = rest.replace(".", "_")
    if "_logit." in rest and "calib" not in rest:
        return Case(name, programme, indicator, "effect", None, 3e-5, 1.0, GLM_STOPS)
    if "_glm." in rest:
        return Case(name, programme, indicator)
    if "rake." in rest:
        return Case(name, programme, indicator, "measure", None, 2e-5, 1.0, RAKE_STOPS)
    return Case(name, programme, indicator, "measure:E" if rest == "clus1_by_stype" else "measure")


def _rct(name: str, rest: str) -> Case:
    if rest == "nsw_balanceF":
        return Case(name, "nsw_inference", "nsw_ancova_hc2", "check:balance")
    return Case(name, "nsw_inference", rest.lower())


def _did(name: str, rest: str) -> Case:
    return Case(name, rest.partition("_")[0], "did" if rest == "prop99" else rest)


def _lalonde(name: str, rest: str) -> Case:
    group = name.partition(".")[0]
    if group == "match":
        return Case(name, "lalonde", rest)
    if name == "aipw.att":
        return Case(name, "lalonde", "aipw_att", "effect", None, None, (614 / 613) ** 0.5, SMALL_SAMPLE)
    if name == "aipw.ate":
        return Case(name, "lalonde", "aipw_ate", "effect", 3e-8, 3e-8, 1.0, GLM_STOPS)
    return Case(name, "lalonde", f"{group}_{rest}")


def _rd(name: str, rest: str) -> Case:
    return Case(name, "senate", "senate_default", "check:density") if rest == "density" else Case(name, "senate", rest)


def _net(name: str, rest: str) -> Case:
    if rest.startswith("s50_w"):
        return Case(name, "s50", "density", f"wave:{rest[-2:]}")
    if rest.startswith("s50_"):
        return Case(name, "s50", f"stability_{rest[-2:]}", "measure")
    return Case(name, *(("karate", "ei_index") if rest == "karate" else ("florentine", "density")), "measure")


def _cs(name: str, rest: str) -> Case:
    indicator = rest.replace(".", "_")
    return Case(name, "mpdta", indicator)


ONLY_ERROR = "the reference records standard errors only; its value of 1 is the truth the data were simulated with"
SC_STOPS = (
    "synthdid's own synthetic control stops early; ours is the exact optimum, -19.51362977 in rational arithmetic"
    " (the -19.513754 in the reference's caveat is off in the sixth digit)"
)
_RULES: dict[str, Callable[[str, str], Case | None]] = {
    "svy": _survey,
    "rct": _rct,
    "did": _did,
    "cs": _cs,
    "twfe": lambda name, _: Case(name, "mpdta", "twfe"),
    "sa": lambda name, _: Case(name, "mpdta", "sun_abraham"),
    "gardner": lambda name, _: Case(name, "mpdta", "gardner"),
    "bjs": lambda name, _: Case(name, "mpdta", "bjs"),
    "match": _lalonde,
    "ipw": _lalonde,
    "aipw": _lalonde,
    "rd": _rd,
    "sdid": lambda name, _: Case(name, "prop99", "sdid"),
    "sc": lambda name, _: Case(name, "prop99", "sc", "effect", 6e-3, None, 1.0, SC_STOPS),
    "its": lambda name, rest: Case(name, "seatbelts", rest.lower()),
    "petersen": lambda name, rest: Case(name, "petersen", rest.lower(), "effect", 0.04, None, 1.0, ONLY_ERROR),
    "net": _net,
    "lee": lambda name, rest: Case(name, "lee_bounds", rest, "term:lee_bounds:lower"),
    "sens": lambda name, rest: Case(name, "lalonde", "oster", "check:oster_delta") if rest == "oster" else None,
}


def cases() -> list[Case]:
    """Return every reference value that a declaration can produce."""
    return list(_cases())


def run(programme: str, folder: Path) -> impact.Result:
    """Copy a programme folder, put its data beside it and run it."""
    target = folder / programme
    if not target.exists():
        prepared = PREPARED[programme]()
        frames = prepared if isinstance(prepared, dict) else {"data": prepared}
        shutil.copytree(PROGRAMMES / programme, target)
        (target / "raw").mkdir()
        separator = ";" if programme == "prop99" else ","
        for name, frame in frames.items():
            frame.to_csv(target / "raw" / f"{name}.csv", index=False, sep=separator)
    return impact.run(target)


@dataclass(frozen=True)
class Answer:
    """What the engine found: value and standard error, or why there is none."""

    value: float | None
    error: float | None
    reason: str = ""


def answer(case: Case, result: impact.Result) -> Answer:
    """Read a case's number off the published tables."""
    name = f"{case.programme}/{case.indicator}"
    kind, _, rest = case.place.partition(":")
    if kind == "measure":
        table = result.measures()
        row = table[(table["indicator"] == case.indicator) & (table["group_value"] == rest)].iloc[0]
        return Answer(row["value"], row["std_error"], row["method"])
    if kind == "wave":
        table = result.measures()
        row = table[(table["indicator"] == case.indicator) & (table["wave"] == rest)].iloc[0]
        return Answer(row["value"], None, row["method"])
    if kind == "check":
        table = result.diagnostics()
        row = table[(table["finding"] == name) & (table["check"] == rest)].iloc[0]
        return Answer(row["value"], None, row["detail"])
    if kind == "term":
        family, _, term = rest.partition(":")
        table = result.terms()
        row = table[(table["finding"] == name) & (table["family"] == family) & (table["term"] == term)].iloc[0]
        return Answer(row["estimate"], row["std_error"])
    row = result.findings().set_index("finding").loc[name]
    return Answer(row["estimate"], row["std_error"], row["not_estimable"] or "")


def available() -> bool:
    """Tell whether the public data are there."""
    return bool(FOLDER) and Path(FOLDER).is_dir()
