"""The page of a network: its sentence against the findings, its drawings, its filters, who did not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from impact_dashboards.page.view import AddressError, PageContent, View
from impact_dashboards.pages import PAGES

from impact.drawing.markup import words_of
from impact.publish.scope import Scope
from impact.store import open_reader
from tests.measure import test_networks
from tests.support.shipped import shipped_database
from tests.support.views import asked, drawn, ran, rows, walk

network = PAGES["network"].content

MILAN = "milano_sei_laltro"
HOSTILE = "<script>x</script>"
Ask = Callable[..., View]


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with open_reader(shipped_database(tmp_path_factory)) as warehouse:
        yield lambda path, **given: asked(warehouse, path, **given)


def block_words(view: View, page: PageContent, name: str) -> str:
    section = next(part for part in walk(drawn(view, page)) if part.attributes.get("id") == name)
    return words_of(section)


def frame_of(page: PageContent, name: str) -> pd.DataFrame:
    block = page.block(name)
    assert block is not None
    assert block.table is not None
    return block.table.frame()


def test_the_sentence_says_what_the_findings_say(examples: Ask) -> None:
    view = examples(f"/it/network/{MILAN}")
    findings = view.findings.set_index("finding")
    ties, share = (findings.loc[f"{MILAN}/{name}"] for name in ("ties", "cross_sector_ties"))
    said = words_of(drawn(view, network(view)))
    assert (ties["baseline"], ties["value"]) == (105, 144)
    assert "I legami passano da 105 a 144" in " ".join(said.split())
    number = view.words.number
    for value in (share["baseline"], share["value"]):
        assert number(value, "share") in said
    assert f"il cambiamento è {view.words.gain(share['estimate'], 'share')}" in " ".join(said.split())
    assert f"Tra i {int(share['n_obs'])} enti che hanno risposto in entrambe" in " ".join(said.split())


def test_pairs_that_the_measures_count_are_those_of_bodies_that_answered(examples: Ask) -> None:
    """Drawn is every pair; the sentence above and the words below the drawing tell the two apart."""
    view = examples(f"/en/network/{MILAN}")
    page = network(view)
    for number, ties in ((1, 105), (2, 144)):
        table = frame_of(page, f"wave-{number}")
        bodies, _ = view.published.network(MILAN)
        silent = bodies[~bodies["answered"] & bodies["wave"].isin(table["wave"])]["body"]
        counted = table[~table["source"].isin(silent) & ~table["target"].isin(silent)]
        assert len(counted[["source", "target"]].drop_duplicates()) == ties
        assert f"{ties} tied pairs" in block_words(view, page, f"wave-{number}")
    touching = len(table[["source", "target"]].drop_duplicates()) - 144
    assert f"{touching} pairs touch bodies that did not answer" in block_words(view, page, "wave-2")


def test_new_ties_across_sectors_are_those_that_were_not_there(examples: Ask) -> None:
    view = examples(f"/en/network/{MILAN}")
    page = network(view)
    before, after = (frame_of(page, name) for name in ("wave-1", "wave-2"))
    bodies, _ = view.published.network(MILAN)
    sector = bodies.drop_duplicates("body").set_index("body")["sector"]
    was = set(zip(before["source"], before["target"], strict=True))
    across = after["source"].map(sector) != after["target"].map(sector)
    there = [pair in was for pair in zip(after["source"], after["target"], strict=True)]
    assert not (before["class"] == "new").any()
    assert list(after["class"] == "new") == [bool(a and not t) for a, t in zip(across, there, strict=True)]


def test_a_body_stands_at_the_same_place_in_both_drawings(examples: Ask) -> None:
    page = network(examples(f"/it/network/{MILAN}"))
    places = []
    for name in ("wave-1", "wave-2"):
        block = page.block(name)
        assert block is not None
        assert block.figure is not None
        points = [
            (word.partition(":")[0], x, y)
            for trace in block.figure.data
            if trace.mode and "markers" in trace.mode
            for word, x, y in zip(trace.hovertext, trace.x, trace.y, strict=True)
        ]
        layout = block.figure.layout
        places.append((sorted(points), layout.xaxis.range, layout.yaxis.range, layout.margin.b, layout.height))
    assert len(places[0][0]) == 40
    assert places[0] == places[1]


def test_a_kind_of_tie_filters_drawings_sentence_and_measures(examples: Ask) -> None:
    view = examples(f"/en/network/{MILAN}?tie=co_design")
    page = network(view)
    assert set(frame_of(page, "wave-2")["tie_code"]) == {"co_design"}
    measured = frame_of(page, "measures")
    assert set(measured["group_value"]) == {"co_design"}
    assert "Ties go from 13 to 30" in " ".join(words_of(drawn(view, page)).split())
    assert page.block("parts") is None
    with pytest.raises(AddressError, match="'tie' cannot be 'none'"):
        network(examples(f"/en/network/{MILAN}?tie=none"))


def test_measures_stand_with_their_uncertainty_and_a_change_is_called_one(examples: Ask) -> None:
    view = examples(f"/en/network/{MILAN}")
    table = next(part for part in walk(drawn(view, network(view))) if part.attributes.get("id") == "measures")
    (row,) = rows(table, "Share of ties between two sectors")
    for words in ("35.2%", "54.9%", "[41.5%; 68.2%]", "+17.4 pp", "a change, not an effect", "Moved, not caused"):
        assert words in row
    kinds = view.published.kinds(MILAN)
    own = view.findings[view.findings["indicator"].map(kinds) == "network"]
    shown = frame_of(network(view), "measures"), frame_of(network(view), "parts")
    assert set(pd.concat(shown)["finding"]) == set(own["finding"])


def test_who_did_not_answer_is_named(examples: Ask) -> None:
    view = examples(f"/en/network/{MILAN}")
    bodies, _ = view.published.network(MILAN)
    silent = list(bodies[~bodies["answered"]]["label"])
    words = block_words(view, network(view), "bodies")
    assert len(silent) == 3
    assert f"3 bodies did not answer (Network at the end (synthetic), Jun 2019): {', '.join(silent)}" in words
    assert words.count("did not answer") == 4


def test_a_network_measured_once_has_no_change_to_show(examples: Ask) -> None:
    view = examples("/en/network/wecare")
    page = network(view)
    words = " ".join(words_of(drawn(view, page)).split())
    assert "25 ties, measured once: there is no change to show." in words
    assert [block.id for block in page.blocks] == ["wave-1", "measures", "parts", "bodies"]
    assert not page.blocks[0].half
    assert "Source: Ties between bodies named in the strategic report" in words
    assert not page.synthetic


def test_without_a_network_the_page_says_where_to_read_how(examples: Ask) -> None:
    view = examples("/it/network/nsw")
    (place,) = (words_of(part) for part in walk(drawn(view, network(view))) if part.tag == "code")
    assert (Path(__file__).parents[3] / place).is_file()
    choice = words_of(drawn(examples("/it/network"), network(examples("/it/network"))))
    assert "Milano Sei l'Altro" in choice
    tiles = [
        part for part in walk(drawn(view, network(examples("/it/network")))) if part.attributes.get("class") == "tile"
    ]
    assert len(tiles) == 3


def test_a_reader_of_one_sector_sees_its_bodies_and_no_whole(examples: Ask) -> None:
    scope = Scope(frozenset([MILAN]), {"sector": frozenset(["public"])}, "investor")
    view = examples(f"/en/network/{MILAN}", scope=scope)
    page = network(view)
    assert set(view.published.network(MILAN)[0]["sector"]) == {"public"}
    assert set(frame_of(page, "measures")["finding"]) == set()
    assert set(frame_of(page, "parts")["group_value"]) == {"public"}
    assert page.lead is None


def made(folder: Path, **columns: Any) -> Path:
    """Write two waves, the later named before the earlier in the alphabet, of four bodies in three sectors."""
    pairs = test_networks.ties("a>b"), test_networks.ties("a>b", "b>c", wave="w2")
    roster = pd.concat(
        [test_networks.bodies("abcd", wave, **{"sector": [*"xyzx"], **columns}) for wave in ("w1", "w2")]
    )
    path = test_networks.folder(folder / "made", pd.concat(pairs), roster, [test_networks.network("n", "ties")])
    for file in (*path.glob("*.yaml"), *path.glob("raw/*.csv")):
        file.write_text(file.read_text().replace("w1", "z1"))
    return path


def test_waves_are_drawn_in_order_of_time(tmp_path: Path) -> None:
    with ran(made(tmp_path)) as warehouse:
        page = network(asked(warehouse, "/en/network/made"))
    assert [block.title for block in page.blocks[:2]] == ["Before · One, 2019", "After · Two, 2020"]
    assert [len(frame_of(page, name)) for name in ("wave-1", "wave-2")] == [1, 2]
    assert list(frame_of(page, "wave-2")["class"]) == ["across", "new"]


def test_territories_are_a_filter_where_some_hold_several_bodies(tmp_path: Path) -> None:
    with ran(made(tmp_path, territory=["north", "north", "south", "south"])) as warehouse:
        page = network(asked(warehouse, "/en/network/made?territory=north"))
        assert [choice.name for choice in page.choices] == ["territory"]
        assert list(frame_of(page, "bodies")["body"]) == ["a", "b"]
        assert [len(frame_of(page, name)) for name in ("wave-1", "wave-2")] == [1, 1]
        assert "Only" not in words_of(
            drawn(asked(warehouse, "/en/network/made"), network(asked(warehouse, "/en/network/made")))
        )
    with ran(made(tmp_path / "apart", territory=[*"pqrs"])) as warehouse:
        assert not network(asked(warehouse, "/en/network/made")).choices


def test_hostile_names_stay_words(tmp_path: Path) -> None:
    with ran(made(tmp_path, name=HOSTILE, kind=HOSTILE)) as warehouse:
        view = asked(warehouse, "/it/network/made")
        tree = drawn(view, network(view))
    assert HOSTILE in words_of(tree)
    assert not any(part.tag == "script" for part in walk(tree))
