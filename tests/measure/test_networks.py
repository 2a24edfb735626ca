"""From rows of ties to findings: every measure against networkx on the same rows, and what the data can get wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import yaml

import impact
from impact.errors import DeclarationError
from impact.statistics.networks.network import Network

WAVES = [
    {"id": "w1", "title": "One", "date": "2019", "role": "baseline"},
    {"id": "w2", "title": "Two", "date": "2020", "role": "end_line"},
]
ROSTER = {"contract": "body", "key": "body_id"}
ENDS = {"kind": "network", "from": "from_id", "to": "to_id", "bodies": ROSTER, "draws": 100}
KEYS = [{"columns": [end, "wave"], "references": "body", "to": ["body_id", "wave"]} for end in ("from_id", "to_id")]
NO_SELF = {"kind": "compare", "id": "no_self_tie", "left": "from_id", "operator": "!=", "right": "to_id"}


def ties(*pairs: str, wave: str = "w1", **columns: str) -> pd.DataFrame:
    """Return ties written ``a>b``."""
    ends = [pair.split(">") for pair in pairs]
    return pd.DataFrame(ends, columns=["from_id", "to_id"]).assign(wave=wave, **{"tie": "any", "way": "one", **columns})


def bodies(names: str, wave: str = "w1", **columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"body_id": list(names)}).assign(wave=wave, **{"sector": "s", "answered": "yes", **columns})


def network(name: str, measure: str, **fields: Any) -> dict[str, Any]:
    """Declare an indicator of a network, looked at in the second wave with the first as its baseline."""
    formula = ENDS | {"measure": measure} | fields.pop("formula", {})
    design = fields.pop("design", None)
    plain = {"id": name, "title": name, "node": "outcome", "level": "meso", "unit": "unit", "direction": "increase"}
    after = {"wave": "w2"} | ({"design": design} if design else {})
    before = {} if "since" in formula else {"ex_ante": {"baseline": {"wave": "w1"}}}
    return plain | {"contract": "tie", "formula": formula, "ex_post": after} | before | fields


def folder(
    path: Path, rows: pd.DataFrame, roster: pd.DataFrame, indicators: list[dict[str, Any]], **contract: Any
) -> Path:
    """Write a programme of ties and bodies."""

    def columns(frame: pd.DataFrame) -> dict[str, Any]:
        return {str(name): {"type": "text", "required": True} for name in frame.columns}

    tie = {"id": "tie", "title": "Tie", "unit_of_analysis": "tie", "key": ["from_id", "to_id", "tie", "wave"]}
    tie |= {"wave": "wave", "columns": columns(rows), "rules": [NO_SELF], "foreign_keys": KEYS} | contract
    body = {"id": "body", "title": "Body", "unit_of_analysis": "body", "key": ["body_id", "wave"], "wave": "wave"}
    made = {"title": "Made", "kind": "synthetic", "generator": "the test"}
    header = {"id": "made", "title": "Made", "summary": "Made", "territory": "none", "waves": WAVES}
    node = {"id": "outcome", "stage": "outcome", "level": "meso", "horizon": "short", "title": "Outcome"}
    files = {
        "programme": header | {"period": {"start": "2018", "end": "2020"}, "theory_of_change": {"nodes": [node]}},
        "contracts": {"contracts": [tie, body | {"columns": columns(roster)}]},
        "sources": {"sources": [{"id": f"{n}_file", "file": f"raw/{n}.csv", "contract": n, "provenance": made} for n in ("tie", "body")]},
        "indicators": {"indicators": indicators},
    }  # fmt: skip
    (path / "raw").mkdir(parents=True)
    for name, content in files.items():
        plain = json.loads(json.dumps(content))
        (path / f"{name}.yaml").write_text(yaml.safe_dump(plain, sort_keys=False), encoding="utf-8")
    rows.to_csv(path / "raw" / "tie.csv", index=False)
    roster.to_csv(path / "raw" / "body.csv", index=False)
    return path


@pytest.fixture
def two_waves() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Twelve bodies in three sectors; a dozen ties, some of which last."""
    rng = np.random.default_rng(5)
    names = "abcdefghijkl"
    pairs = [f"{a}>{b}" for a in names for b in names if a != b]
    early = rng.choice(pairs, 22, replace=False)
    late = [*rng.choice(early, 14, replace=False), *rng.choice(sorted(set(pairs) - set(early)), 16, replace=False)]
    sectors = [*"xxxxyyyyzzzz"]
    roster = pd.concat([bodies(names, wave, sector=sectors) for wave in ("w1", "w2")])
    return pd.concat([ties(*early), ties(*late, wave="w2")]), roster


def drawn(rows: pd.DataFrame, wave: str, names: str = "abcdefghijkl") -> nx.DiGraph[str]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(rows[rows["wave"] == wave][["from_id", "to_id"]].itertuples(index=False, name=None))
    return graph


def test_measures_are_those_of_networkx(tmp_path: Path, two_waves: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    rows, roster = two_waves
    graph = drawn(rows, "w2")
    sector = dict(zip(roster["body_id"], roster["sector"], strict=True))
    across = sum(sector[a] != sector[b] for a, b in graph.edges)
    expected = {
        "ties": graph.number_of_edges(),
        "density": nx.density(graph),
        "reciprocity": nx.overall_reciprocity(graph),
        "components": nx.number_weakly_connected_components(graph),
        "isolates": nx.number_of_isolates(graph),
        "cross_group_share": across / graph.number_of_edges(),
        "ei_index": (2 * across - graph.number_of_edges()) / graph.number_of_edges(),
    }
    declared = [
        network(m, m, formula={"group": "sector"} if m in ("cross_group_share", "ei_index") else {}) for m in expected
    ]
    found = impact.run(folder(tmp_path / "p", rows, roster, declared)).findings().set_index("indicator")["value"]
    assert {name: pytest.approx(value, rel=1e-12) for name, value in expected.items()} == found.to_dict()


def test_turnover_counts_pairs_of_both_waves(tmp_path: Path, two_waves: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    rows, roster = two_waves
    before, after = (set(drawn(rows, wave).edges) for wave in ("w1", "w2"))
    expected = {
        "formed": len(after - before),
        "dissolved": len(before - after),
        "persistent": len(after & before),
        "stability": len(after & before) / len(after | before),
        "repeated": len(after & before) / len(after),
    }
    declared = [network(m, m, formula={"since": "w1"}) for m in expected]
    found = impact.run(folder(tmp_path / "p", rows, roster, declared)).findings().set_index("indicator")
    assert found["value"].to_dict() == {name: pytest.approx(value) for name, value in expected.items()}
    assert set(found["method"]) == {"complete count, no sampling error"}


def test_turnover_without_ties_has_no_value_and_counts_the_bodies(tmp_path: Path) -> None:
    """Ties among those who did not answer alone: nothing is stable, of two bodies."""
    roster = pd.concat([bodies("abc", wave, answered=["yes", "yes", "no"]) for wave in ("w1", "w2")])
    rows = pd.concat([ties("a>c"), ties("c>b", wave="w2")])
    formula = {"since": "w1", "bodies": ROSTER | {"answered": {"column": "answered", "equals": "yes"}}}
    result = impact.run(folder(tmp_path / "p", rows, roster, [network("n", "stability", formula=formula)]))
    row = result.findings().iloc[0]
    assert pd.isna(row["value"])
    assert row["n"] == 2


def test_change_is_the_difference_and_never_an_effect(
    tmp_path: Path, two_waves: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    rows, roster = two_waves
    result = impact.run(
        folder(tmp_path / "p", rows, roster, [network("d", "density", design={"kind": "network_change"})])
    )
    row = result.findings().iloc[0]
    assert row["estimate"] == pytest.approx(nx.density(drawn(rows, "w2")) - nx.density(drawn(rows, "w1")))
    assert row["estimand"] == "change"
    clear = (row["effect_low"] > 0 or row["effect_high"] < 0) and row["p_value"] < 0.05
    assert row["contribution"] == ("moved" if clear else "no_clear_effect")
    assert row["evidence_level"] == 1
    terms = result.terms().set_index("term")["estimate"]
    assert terms["formed"] - terms["dissolved"] == 8
    assert result.diagnostics().set_index("check").loc["same_bodies", "status"] == "passed"


def test_several_rows_of_a_pair_count_once(tmp_path: Path) -> None:
    rows = pd.concat([ties("a>b", "b>c", tie="information", wave="w2"), ties("a>b", tie="co_design", wave="w2"), ties("a>b")])  # fmt: skip
    roster = pd.concat([bodies("abc", wave) for wave in ("w1", "w2")])
    result = impact.run(folder(tmp_path / "p", rows, roster, [network("n", "ties", by=["tie"])]))
    found = result.findings().set_index("finding")["value"]
    assert found["made/n"] == 2
    assert found["made/n/tie=co_design"] == 1
    assert found["made/n/tie=information"] == 2


def test_undirected_and_mutual_ties_hold_both_ways(tmp_path: Path) -> None:
    rows = pd.concat([ties("a>b", "c>a", wave="w2", way="both"), ties("b>c", wave="w2"), ties("a>b")])
    roster = pd.concat([bodies("abcd", wave) for wave in ("w1", "w2")])
    declared = [
        network("directed", "ties"),
        network("mutual", "ties", formula={"mutual": {"column": "way", "equals": "both"}}),
        network("edges", "ties", formula={"directed": False}),
    ]
    found = impact.run(folder(tmp_path / "p", rows, roster, declared)).findings().set_index("indicator")["value"]
    assert found.to_dict() == {"directed": 3, "mutual": 5, "edges": 3}


def test_part_of_the_bodies_keeps_ties_among_them(tmp_path: Path) -> None:
    rows = pd.concat([ties("a>b", "b>c", "c>d", wave="w2"), ties("a>b")])
    roster = pd.concat([bodies("abcd", wave, sector=[*"xxyy"]) for wave in ("w1", "w2")])
    result = impact.run(folder(tmp_path / "p", rows, roster, [network("n", "density", by=["sector"])]))
    found = result.findings().set_index("finding")
    assert found.loc["made/n/sector=x", "value"] == 0.5
    assert found.loc["made/n/sector=y", "value"] == 0.5
    assert found.loc["made/n", "value"] == 0.25


def test_bodies_that_did_not_answer_are_left_out_and_counted(tmp_path: Path) -> None:
    roster = pd.concat([bodies("abcd"), bodies("abcd", "w2", answered=["yes", "yes", "yes", "no"])])
    rows = pd.concat([ties("a>b", "b>c", "d>a"), ties("a>b", "c>d", "c>a", wave="w2")])
    answered = {"bodies": ROSTER | {"answered": {"column": "answered", "equals": "yes"}}}
    declared = [
        network("ties", "ties", formula=answered),
        network("change", "ties", formula=answered, design={"kind": "network_change"}),
        network("formed", "formed", formula=answered | {"since": "w1"}),
    ]
    result = impact.run(folder(tmp_path / "p", rows, roster, declared))
    found = result.findings().set_index("indicator")
    assert found.loc["ties", ["baseline", "value", "n"]].tolist() == [3, 2, 3]
    assert list(found.loc["ties", "flags"]) == ["bodies_left_out"]
    assert found.loc["change", "estimate"] == 0, "among a, b and c: two ties then, two now"
    assert found.loc["formed", "value"] == 1
    check = result.diagnostics().iloc[0]
    assert check["status"] == "failed"
    assert check["detail"] == "3 bodies in both waves; 0 did not answer before, 1 after"


def test_a_change_that_is_clear_has_moved_and_is_still_no_effect(tmp_path: Path) -> None:
    names = "abcdefghijkl"
    ring = [f"{a}>{b}" for a, b in zip(names, names[1:] + names[0], strict=True)]
    dense = [f"{a}>{b}" for a in names for b in names if a != b and (ord(a) + ord(b)) % 4]
    rows, roster = (
        pd.concat([ties(*ring), ties(*dense, wave="w2")]),
        pd.concat([bodies(names, w) for w in ("w1", "w2")]),
    )
    declared = network("d", "density", design={"kind": "network_change", "draws": 1000})
    row = impact.run(folder(tmp_path / "p", rows, roster, [declared])).findings().iloc[0]
    assert row["effect_low"] > 0
    assert row["p_value"] < 0.05
    assert row["contribution"] == "moved"
    assert row["evidence_level"] == 1


def test_a_mean_path_says_that_some_pairs_have_none(tmp_path: Path) -> None:
    roster = pd.concat([bodies("abcd", wave) for wave in ("w1", "w2")])
    rows = pd.concat([ties("a>b", "b>c", "c>d"), ties("a>b", "c>d", wave="w2")])
    declared = network("m", "mean_path", formula={"directed": False})
    result = impact.run(folder(tmp_path / "p", rows, roster, [declared]))
    row, measures = result.findings().iloc[0], result.measures().set_index("wave")["flags"]
    assert [row["baseline"], row["value"]] == [pytest.approx(10 / 6), 1]
    assert "unreachable" in measures["w2"]
    assert "unreachable" not in measures["w1"]


def test_network_measured_once_has_no_change(tmp_path: Path) -> None:
    roster = pd.concat([bodies("abc", wave) for wave in ("w1", "w2")])
    declared = [
        network("change", "density", design={"kind": "network_change"}),
        network("formed", "formed", formula={"since": "w1"}),
    ]
    result = impact.run(folder(tmp_path / "p", ties("a>b", wave="w2"), roster, declared))
    found = result.findings().set_index("indicator")
    words = "the network has no rows at w1: a network measured in one wave has no change"
    assert found.loc["change", "not_estimable"].startswith(words)
    assert np.isnan(found.loc["change", "baseline"])
    assert found.loc["formed", "attainment"] == "no_data"
    assert words in found.loc["formed", "method"]


def test_measure_without_meaning_is_no_zero(tmp_path: Path) -> None:
    roster = pd.concat([bodies("abc", wave) for wave in ("w1", "w2")])
    rows = pd.concat([ties("a>b"), ties("a>b", wave="w2", tie="x")])
    only = [{"column": "tie", "equals": "y"}]
    declared = [network("share", "cross_group_share", formula={"group": "sector"}, where=only), network("none", "ties", where=only)]  # fmt: skip
    found = impact.run(folder(tmp_path / "p", rows, roster, declared)).findings().set_index("indicator")
    assert np.isnan(found.loc["share", "value"])
    assert "no meaning" in found.loc["share", "method"]
    assert found.loc["none", "value"] == 0


def test_rows_that_are_no_tie_go_to_quarantine_and_the_others_stay(tmp_path: Path) -> None:
    good = ties("a>b", "b>c", wave="w2")
    bad = pd.concat([ties("a>a", "a>z", wave="w2"), ties("b>c", wave="w2", way="both"), ties("a>c", wave="w3")])
    roster = pd.concat([bodies("abc", wave) for wave in ("w1", "w2")])
    result = impact.run(folder(tmp_path / "p", pd.concat([ties("a>b"), good, bad]), roster, [network("n", "ties")]))
    reasons = result.quarantine()[["line", "rule"]].drop_duplicates().itertuples(index=False, name=None)
    assert sorted(reasons) == [(4, "duplicate_key"), (5, "no_self_tie"), (6, "foreign_key"), (7, "duplicate_key"), (8, "foreign_key")]  # fmt: skip
    assert result.findings().iloc[0]["value"] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"formula": {"bodies": {"contract": "nobody", "key": "x"}}}, "there is no contract 'nobody'"),
        ({"formula": {"bodies": {"contract": "body", "key": "x"}}}, "contract 'body' has no column 'x'"),
        ({"formula": {"from": "x"}}, "contract 'tie' has no column 'x'"),
        ({"by": ["x"]}, "neither ties nor bodies have a column 'x'"),
        ({"sample": {"weight": "strength"}}, "a network takes no weights"),
        ({"formula": {"measure": "formed", "since": "w2"}}, "compares a wave with itself"),
        ({"formula": {"measure": "formed", "since": "w9"}}, "there is no wave 'w9'"),
        ({"design": {"kind": "interrupted_time_series", "start": "w2"}}, "a network takes no such design"),
        ({"design": {"kind": "network_change"}, "ex_ante": {}}, "has no baseline wave"),
        ({"formula": {"measure": "ei_index"}}, "group goes with"),
        ({"formula": {"measure": "reciprocity", "directed": False}}, "every tie is returned"),
        ({"contract_fields": {"foreign_keys": []}}, "may name a body that is not in 'body'"),
        ({"contract_fields": {"rules": []}}, "lets a body be tied to itself"),
    ],
)
def test_declarations_that_do_not_hold_say_why(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    roster = bodies("ab", "w2")
    declared = network("n", "ties", **{k: v for k, v in change.items() if k != "contract_fields"})
    path = folder(tmp_path / "p", ties("a>b", wave="w2"), roster, [declared], **change.get("contract_fields", {}))
    with pytest.raises(DeclarationError) as error:
        impact.run(path)
    assert words in str(error.value)


def test_bodies_keep_their_place_in_every_wave(tmp_path: Path, two_waves: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    rows, roster = two_waves
    result = impact.run(folder(tmp_path / "p", rows, roster, [network("n", "ties")]))
    placed = result.network_bodies()
    assert placed.groupby("body")[["x", "y"]].nunique().max().max() == 1
    assert len(result.network_ties()) == len(rows)
    assert set(placed["data_kind"]) == {"synthetic"}


def test_statistics_refuse_what_is_no_network() -> None:
    with pytest.raises(impact.errors.UsageError):
        Network(np.eye(3, dtype=bool))


TREE = {"north": None, "n1": "north", "n2": "north"}


def in_tree(path: Path, contract: str) -> Path:
    """Give the column ``place`` of a contract a codelist with a hierarchy."""
    file = path / "contracts.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    codes = [{"code": code, "title": code} | ({"parent": up} if up else {}) for code, up in TREE.items()]
    column = next(one for one in content["contracts"] if one["id"] == contract)["columns"]
    column["place"] = {"type": "code", "codelist": "places", "required": True}
    content["codelists"] = [{"id": "places", "title": "Places", "codes": codes}]
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def test_a_code_has_the_ties_of_the_codes_below_it(tmp_path: Path) -> None:
    rows = pd.concat([
        ties("a>b", wave=wave, place=place) if place == "n1" else ties("b>c", "c>d", wave=wave, place=place)
        for wave in ("w1", "w2") for place in ("n1", "n2", "north")
    ]).drop_duplicates(["from_id", "to_id", "wave"])  # fmt: skip
    roster = pd.concat([bodies("abcd", wave) for wave in ("w1", "w2")])
    path = folder(tmp_path / "p", rows, roster, [network("ties", "ties", by=["place"])])
    result = impact.run(in_tree(path, "tie"))
    found = result.findings().set_index("finding")["value"].to_dict()
    assert found == {"made/ties": 3, "made/ties/place=north": 3, "made/ties/place=n1": 1, "made/ties/place=n2": 2}


def test_a_territory_of_bodies_holds_the_bodies_of_its_parts(tmp_path: Path) -> None:
    places = ["n1", "n1", "n2", "north"]
    rows = pd.concat([ties("a>b", "b>c", "c>d", wave=wave) for wave in ("w1", "w2")])
    roster = pd.concat([bodies("abcd", wave, place=places) for wave in ("w1", "w2")])
    path = folder(tmp_path / "p", rows, roster, [network("ties", "ties", scope=["place"])])
    found = impact.run(in_tree(path, "body")).findings().set_index("finding")
    assert found["value"].to_dict() == {
        "made/ties": 3, "made/ties/place=north": 3, "made/ties/place=n1": 1, "made/ties/place=n2": 0,
    }  # fmt: skip
    assert found["n"].to_dict() == {
        "made/ties": 4, "made/ties/place=north": 4, "made/ties/place=n1": 2, "made/ties/place=n2": 1,
    }  # fmt: skip
    assert found.loc["made/ties/place=n1", "part_depth"] == 1


def test_a_network_without_any_body_has_no_value(tmp_path: Path) -> None:
    rows, roster = ties("a>b").iloc[:0], bodies("a").iloc[:0]
    result = impact.run(folder(tmp_path / "p", rows, roster, [network("ties", "ties")]))
    assert result.findings()["attainment"].tolist() == ["no_data"]
    assert result.findings()["value"].isna().all()
    assert result.network_bodies().empty


def test_a_wave_in_which_bodies_answered_with_no_tie_is_a_network_without_ties(tmp_path: Path) -> None:
    known = {"bodies": ROSTER | {"answered": {"column": "answered", "equals": "yes"}}}
    declared = [
        network("density", "density", formula=known),
        network("isolates", "isolates", formula=known),
        network("dissolved", "dissolved", formula=known | {"since": "w1"}),
        network("unknown", "ties"),
    ]
    roster = pd.concat([bodies("abc", wave) for wave in ("w1", "w2")])
    result = impact.run(folder(tmp_path / "p", ties("a>b", "b>c"), roster, declared))
    found = result.findings().set_index("indicator")["value"]
    assert found.drop("unknown").to_dict() == {"density": 0, "isolates": 3, "dissolved": 2}
    assert pd.isna(found["unknown"])


def test_ties_of_a_wave_that_the_programme_does_not_have_are_listed(tmp_path: Path) -> None:
    waves = ("w1", "w2", "W2")
    rows = pd.concat([ties("a>b", wave=wave) for wave in waves])
    roster = pd.concat([bodies("ab", wave) for wave in waves])
    result = impact.run(folder(tmp_path / "p", rows, roster, [network("ties", "ties")]))
    listed = result.unmapped()[["contract", "column", "category", "rows"]]
    assert sorted(listed.itertuples(index=False, name=None)) == [("body", "wave", "W2", 2), ("tie", "wave", "W2", 1)]
