"""Databases, copies and registrations that must survive: somebody else's, damaged ones, full disks, two at a time."""

from __future__ import annotations

import errno
import itertools
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import yaml

from impact.cli import faults as cli_faults
from impact.declare import load, load_programme
from impact.declare.registration import Registration
from impact.errors import DeclarationError, MachineError, UsageError
from impact.expect import register_plan, verify_registrations
from impact.faults import exit_code, said
from impact.run.flow import run_programme
from impact.store import Warehouse, open_reader, published_copy
from tests.bad_input.harness import call
from tests.support.nursery import Nursery
from tests.support.programmes import edit, template


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return template(tmp_path)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.stop()


def run(folder: Path, database: Path, until: str = "publish"):  # type: ignore[no-untyped-def]
    with Warehouse(database) as warehouse:
        return run_programme(load_programme(folder), warehouse, until=until)


def values(database: Path) -> list[tuple[object, ...]]:
    """What readers see: findings with their comparison's baseline."""
    with open_reader(database) as reader:
        return reader.rows("SELECT finding, comparison_baseline, target FROM impact.finding ORDER BY ALL")


# ---- somebody else's ----------------------------------------------------------------------------------------------


def test_a_database_of_somebody_else_is_left_as_it_is(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "theirs.duckdb"
    with duckdb.connect(str(path)) as theirs:
        theirs.execute("CREATE SCHEMA sample; CREATE TABLE sample.rows_of_mine AS SELECT 1 AS a")
    before = path.read_bytes()
    with pytest.raises(UsageError, match="was not written by this engine"):
        run(folder, path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "made", ["CREATE SCHEMA impact; CREATE TABLE impact.meta (x INT)", "CREATE TABLE t (i INT)", "CREATE SCHEMA other"]
)
def test_a_database_that_only_looks_like_ours(made: str, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "theirs.duckdb"
    with duckdb.connect(str(path)) as theirs:
        theirs.execute(made)
    with pytest.raises(UsageError, match="was not written by this engine"):
        run(folder, path)


def test_a_schema_of_somebody_else_in_our_database(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    run(folder, path)
    with duckdb.connect(str(path)) as theirs:
        theirs.execute("CREATE SCHEMA Other; CREATE TABLE other.t AS SELECT 1 AS a")
    second = template(tmp_path, "other")
    with pytest.raises(UsageError, match="a schema 'other' that this engine did not make"):
        run(second, path)
    with duckdb.connect(str(path)) as theirs:
        assert theirs.execute("FROM other.t").fetchall() == [(1,)]


def test_tables_and_views_of_somebody_else_in_a_programme(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    run(folder, path)
    with duckdb.connect(str(path)) as theirs:
        theirs.execute("CREATE TABLE sample.notes AS SELECT 1 AS a; CREATE VIEW sample.mine AS SELECT 2 AS b")
    with (folder / "raw" / "survey.csv").open("a") as handle:
        handle.write("P999,baseline,treated,F,2,5,3,3,3\n")
    assert run(folder, path).loaded == ("survey_file",)
    with duckdb.connect(str(path)) as theirs:
        assert theirs.execute("SELECT a, b FROM sample.notes, sample.mine").fetchall() == [(1, 2)]
        theirs.execute("DROP VIEW sample.survey; CREATE VIEW sample.survey AS SELECT 3 AS c")
    with (folder / "raw" / "survey.csv").open("a") as handle:
        handle.write("P998,baseline,treated,F,2,5,3,3,3\n")
    with pytest.raises(UsageError, match="did not make"):
        run(folder, path)


# ---- one after the other ------------------------------------------------------------------------------------------


def test_two_registrations_at_once_are_one(folder: Path) -> None:
    """Who comes second sees what the first wrote, also if both read the folder before."""
    first, second = load_programme(folder), load_programme(folder)
    made = [register_plan(first, "A"), register_plan(second, "B")]
    assert made[0] is not None
    assert made[1] is None
    edit(folder / "indicators.yaml", "change: 10", "change: 9")
    assert register_plan(load_programme(folder), "B", "less") is not None
    edit(folder / "indicators.yaml", "change: 9", "change: 8")
    assert register_plan(second, "B", "late") is not None, "the plan as it was then, after the one that was registered"
    entries = load_programme(folder).registrations
    assert [entry.author for entry in entries] == ["A", "B", "B"]
    assert verify_registrations(load_programme(folder)) == []


def test_eight_registrations_at_once(folder: Path) -> None:
    programmes = [load_programme(folder) for _ in range(8)]
    made: list[Registration | None] = []
    threads = [
        threading.Thread(target=lambda p=p, n=n: made.append(register_plan(p, f"author {n}")))
        for n, p in enumerate(programmes)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (written,) = (entry for entry in made if entry is not None)
    assert load_programme(folder).registrations == (written,)


def test_a_writer_keeps_its_lock_after_it_has_published(folder: Path, tmp_path: Path) -> None:
    """Closing any handle of a file drops a process's locks of it; a copy must not let others in."""
    path = tmp_path / "a.duckdb"
    other = f"from impact.store import Warehouse; Warehouse({str(path)!r})"
    with Warehouse(path) as warehouse:
        run_programme(load_programme(folder), warehouse)
        done = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True, check=False)
    assert "another process is using it" in done.stderr


# ---- whole states -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("until", ["validate", "measure"])
def test_readers_see_the_last_whole_run(until: str, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    run(folder, path)
    before, copy = values(path), published_copy(path)
    edit(folder / "indicators.yaml", "change: 10", "change: 4")
    report = run(folder, path, until)
    assert (report.stage, report.waiting, report.unpublished) == (until, ("wellbeing_score",), ("sample",))
    assert values(path) == before
    assert published_copy(path) == copy
    with Warehouse(path, read_only=True) as warehouse:
        assert warehouse.rows("SELECT count(*) FROM impact.finding") == [(0,)], "old findings beside new values"
        assert warehouse.rows("SELECT stage FROM impact.state") == [(until,)]
        assert bool(warehouse.rows("FROM impact.measure")) == (until == "measure")
    again = run(folder, path, until)
    assert (again.loaded, again.stage) == ((), until)
    report = run(folder, path)
    assert (report.stage, report.waiting, report.unpublished) == ("publish", (), ())
    assert [target for _, _, target in values(path)] != [target for _, _, target in before]
    fresh = tmp_path / "fresh.duckdb"
    run(folder, fresh)
    assert values(path) == values(fresh)


def test_new_rows_are_seen_in_quarantine_before_they_are_published(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.duckdb"
    run(folder, path)
    with (folder / "raw" / "survey.csv").open("a") as handle:
        handle.write("P999,baseline,treated,F,2,55,3,3,3\n")
    run(folder, path, "validate")
    assert call(capsys, "quarantine", "--db", path).code == 1
    assert "62.4" in call(capsys, "findings", "--db", path).out


def test_one_programme_that_stopped_keeps_the_whole_from_being_published(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    second = template(tmp_path, "other")
    run(second, path, "validate")
    run(folder, path)
    assert {name.split("/")[0] for name, _, _ in values(path)} == {"sample"}, "what never was whole keeps nobody"
    run(second, path)
    edit(folder / "indicators.yaml", "change: 10", "change: 4")
    run(folder, path, "measure")
    edit(second / "indicators.yaml", "change: 10", "change: 3")
    assert run(second, path).unpublished == ("sample",)
    assert run(folder, path).unpublished == ()
    assert len(values(path)) == 6


def test_every_table_of_a_stopped_run_comes_back(folder: Path, tmp_path: Path) -> None:
    path, fresh = tmp_path / "a.duckdb", tmp_path / "b.duckdb"
    run(folder, path)
    edit(folder / "indicators.yaml", "change: 10", "change: 4")
    run(folder, path, "validate")
    run(folder, path)
    run(folder, fresh)
    with Warehouse(path, read_only=True) as one, Warehouse(fresh, read_only=True) as other:
        tables = one.rows(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'impact' AND database_name = current_database()"
        )
        counts = [
            [warehouse.rows(f"SELECT count(*) FROM impact.{table}") for warehouse in (one, other)]
            for (table,) in tables
            if table not in ("run", "plan")
        ]
    assert all(left == right for left, right in counts), counts


# ---- registrations ------------------------------------------------------------------------------------------------


def many(folder: Path, count: int) -> None:
    """Give the programme many indicators."""
    text = (folder / "indicators.yaml").read_text()
    head, one = text[: text.index("  - id:")], text[text.index("  - id:") :]
    copies = (
        one.replace("wellbeing_score", f"score_{number}").replace("change: 10,", f"change: {10 + number},")
        for number in range(count)
    )
    (folder / "indicators.yaml").write_text(head + "".join(copies))


def test_registrations_do_not_repeat_the_plan(folder: Path) -> None:
    """Each amends one of ten indicators: what stays is written once."""
    many(folder, 10)
    path, sizes = folder / "registrations.yaml", []
    for number in range(5):
        assert register_plan(load_programme(folder), "A", f"step {number}") is not None
        sizes.append(path.stat().st_size)
        text = (folder / "indicators.yaml").read_text()
        (folder / "indicators.yaml").write_text(text.replace(f"change: {10 + number},", f"change: {number + 90},"))
    assert max(b - a for a, b in itertools.pairwise(sizes)) < sizes[0] / 3
    loaded = load_programme(folder)
    assert verify_registrations(loaded) == []
    assert [len(entry.indicators) for entry in loaded.registrations] == [10] * 5


def old_file(folder: Path) -> bytes:
    """Write the registrations as they were written before: the whole plan with every entry."""
    entries = [entry.model_dump(mode="json") for entry in load_programme(folder).registrations]
    text = yaml.safe_dump({"registrations": entries}, sort_keys=False, allow_unicode=True)
    (folder / "registrations.yaml").write_text(text)
    return text.encode()


def test_registrations_of_older_versions_are_read_and_kept(folder: Path) -> None:
    register_plan(load_programme(folder), "A")
    before = load_programme(folder).registrations
    old_file(folder)
    assert load_programme(folder).registrations == before
    edit(folder / "indicators.yaml", "change: 10", "change: 9")
    register_plan(load_programme(folder), "A", "less")
    after = load_programme(folder).registrations
    assert after[:1] == before
    assert len(after) == 2


@pytest.mark.parametrize("edited", ["change: 10.0", "gone"])
def test_a_part_of_a_plan_that_was_edited_or_is_gone(folder: Path, edited: str) -> None:
    register_plan(load_programme(folder), "A")
    path = folder / "registrations.yaml"
    if edited == "gone":
        data = yaml.safe_load(path.read_text())
        data["plans"].popitem()
        path.write_text(yaml.safe_dump(data, sort_keys=False))
    else:
        edit(path, edited, "change: 1.0")
    with pytest.raises(DeclarationError, match=r"edited after it was made|is gone"):
        load_programme(folder)


@pytest.mark.parametrize(
    "code", ["1e5", "0x10", "1_000", "NO", "~", "2024-01-01", "12:30", " a ", "a: b", "é\u2028ü", "=", "<<"]
)
def test_registered_text_is_read_back_as_it_is(folder: Path, code: str) -> None:
    entry = register_plan(load_programme(folder), code, code)
    assert load_programme(folder).registrations == (entry,)


def test_a_registration_that_could_not_be_read_is_not_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register_plan(load_programme(folder), "A")
    before = (folder / "registrations.yaml").read_bytes()
    edit(folder / "indicators.yaml", "change: 10", "change: 9")
    programme = load_programme(folder)
    monkeypatch.setattr(load, "MAX_REGISTERED", len(before) + 100)
    with pytest.raises(DeclarationError, match="larger than"):
        register_plan(programme, "A", "x" * 200)
    assert (folder / "registrations.yaml").read_bytes() == before


# ---- published copies ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("harm", ["emptied", "cut", "changed", "gone"])
def test_a_copy_that_was_damaged_is_made_anew(harm: str, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    run(folder, path)
    before, copy = values(path), published_copy(path)
    assert copy is not None
    content = copy.read_bytes()
    middle = len(content) // 2
    spoilt = {"emptied": b"", "cut": content[:middle], "changed": content[:middle] + b"x" * 99 + content[middle + 99 :]}
    copy.write_bytes(spoilt.get(harm, b""))
    if harm == "gone":
        copy.unlink()
    if harm != "changed":
        assert published_copy(path) is None
        assert values(path) == before, "the database itself is read"
    run(folder, path)
    fresh = published_copy(path)
    assert fresh is not None
    assert fresh.read_bytes() == path.read_bytes()
    assert values(path) == before
    if harm != "gone":
        assert fresh != copy, "who reads the damaged one finds another name"


# ---- full disks ---------------------------------------------------------------------------------------------------


def big(folder: Path, persons: int) -> None:
    """Give the programme so many persons that its table grows."""
    lines = ["person_id,wave,arm,gender,who1,who2,who3,who4,who5"]
    lines += [
        f"P{n:07d},{wave},{'treated' if n % 2 else 'comparison'},F,{n % 6},1,2,3,4"
        for n in range(persons)
        for wave in ("baseline", "end_line")
    ]
    (folder / "raw" / "survey.csv").write_text("\n".join(lines) + "\n")
    edit(folder / "contracts.yaml", "P[0-9]{3}", "P[0-9]{7}")


def test_no_room_for_the_database(nursery: Nursery, folder: Path, tmp_path: Path) -> None:
    """On the first run: words, the place named; with room again the run completes."""
    for limit in (100_000, 2_000_000):
        ended = nursery.call(tmp_path, "run", "sample", "--db", "a.duckdb", limit=limit)
        assert ended.code == 3, ended
        assert "a.duckdb" in ended.text
        assert "full" in ended.text
        assert "Traceback" not in ended.text
        assert not list(tmp_path.glob("a.duckdb*")), "nothing half, and the space is free again"
    assert nursery.call(tmp_path, "run", "sample", "--db", "a.duckdb").code == 0
    assert len(values(tmp_path / "a.duckdb")) == 3


def test_no_room_for_new_rows(nursery: Nursery, folder: Path, tmp_path: Path) -> None:
    """While staging: readers and database stay, and the space comes back."""
    path = tmp_path / "a.duckdb"
    assert nursery.call(tmp_path, "run", "sample", "--db", "a.duckdb").code == 0
    before, size = values(path), path.stat().st_size
    big(folder, 60_000)
    ended = nursery.call(tmp_path, "run", "sample", "--db", "a.duckdb", limit=size + 200_000)
    assert ended.code == 3, ended
    assert "full" in ended.text
    assert values(path) == before
    assert path.stat().st_size <= size + 200_000
    with duckdb.connect(str(path)) as connection:
        staged = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'sample'").fetchall()
        assert connection.execute("SELECT count(*) FROM impact.finding").fetchall() == [(3,)]
    assert staged[0][0] <= 2
    assert nursery.call(tmp_path, "run", "sample", "--db", "a.duckdb").code == 0


def test_no_room_for_the_copy(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was published stays; the run is kept, and the next one publishes it."""
    path = tmp_path / "a.duckdb"
    run(folder, path)
    before = values(path)
    edit(folder / "indicators.yaml", "change: 10", "change: 4")
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: usage)
        with pytest.raises(
            MachineError, match=r"the disk that holds .*a\.duckdb\.published is full: .* needed, 1\.0 kB free"
        ):
            run(folder, path)
    assert published_copy(path) is not None
    with Warehouse(published_copy(path) or "", read_only=True) as copy:
        assert copy.rows("SELECT finding, comparison_baseline, target FROM impact.finding ORDER BY ALL") == before
    run(folder, path)
    with Warehouse(published_copy(path) or "", read_only=True) as copy:
        assert copy.rows("SELECT target FROM impact.finding") != before


@pytest.mark.slow
def test_a_disk_that_is_really_full(nursery: Nursery, tmp_path: Path) -> None:
    """On a disk of its own, of every size from too small for anything to large enough; at most twice the database."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)], capture_output=True, check=False
    ).returncode:
        pytest.skip("mounting is not allowed here; the tests with limits do without")
    try:
        template(disk)
        big(disk / "sample", 60_000)
        codes = []
        for size in (7, 10, 13, 16, 20, 24, 64):
            subprocess.run(["mount", "-o", f"remount,size={size}m", str(disk)], check=True)
            ended = nursery.call(disk, "run", "sample", "--db", "a.duckdb")
            codes.append(ended.code)
            assert ended.code in (0, 3), (size, ended)
            assert "Traceback" not in ended.text
        assert codes[-1] == 0
        assert codes[0] == 3
        assert len(values(disk / "a.duckdb")) == 2
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# ---- words and codes ----------------------------------------------------------------------------------------------

FAULTS: dict[str, tuple[BaseException, int, str]] = {
    "full": (OSError(errno.ENOSPC, "No space left on device", "/x/y"), 3, "the disk that holds /x/y is full"),
    "rights": (PermissionError(errno.EACCES, "Permission denied", "/x/y"), 3, "no right to read or write /x/y"),
    "folder": (IsADirectoryError(errno.EISDIR, "Is a directory", "/x/y"), 3, "/x/y: Is a directory"),
    "temporary": (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/x']"), 3, "TMPDIR"),
    "damaged": (duckdb.Error("Corrupt database file: computed checksum 1"), 3, "is damaged"),
    "database full": (
        duckdb.IOException('IO Error: Could not write file "/x/y": No space left on device'),
        3,
        "/x/y is full",
    ),
    "memory": (duckdb.OutOfMemoryException("Out of Memory Error: failed to pin block"), 3, "not enough memory"),
    "query": (RuntimeError("Query interrupted"), 130, "interrupted"),
    "keys": (KeyboardInterrupt(), 130, "interrupted"),
    "pipe": (BrokenPipeError(errno.EPIPE, "Broken pipe"), 141, ""),
    "ours": (ZeroDivisionError("division by zero"), 3, "a fault of the engine, not of your data: ZeroDivisionError"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_whatever_goes_wrong_has_words_and_a_code(name: str) -> None:
    error, code, words = FAULTS[name]
    assert exit_code(error) == code
    assert words in said(error)


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "pipe"])
def test_nothing_leaves_as_a_trace(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    error, code, words = FAULTS[name]

    def fails(_: object) -> None:
        raise error

    monkeypatch.setattr("impact.cli.commands.check.load_programme", fails)
    for extra in ((), ("--json",)):
        ended = call(capsys, "check", folder, *extra)
        assert ended.code == code
        assert words.split(":")[0].replace(" ", "") in ended.text
    assert json.loads(ended.out)["error"]


def test_the_debug_switch_shows_the_trace(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        try:
            raise ZeroDivisionError
        except ZeroDivisionError as error:
            cli_faults.tell(error, as_json=False)

    fails()
    assert "Traceback" not in capsys.readouterr().err
    monkeypatch.setenv("IMPACT_DEBUG", "1")
    fails()
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("harm", ["head", "middle", "empty"])
def test_a_damaged_database(harm: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.duckdb"
    run(folder, path)
    content = bytearray(path.read_bytes())
    for place in {"head": (0,), "middle": range(12_288, len(content), 4096), "empty": ()}[harm]:
        content[place : place + 64] = b"x" * 64
    path.write_bytes(b"" if harm == "empty" else bytes(content))
    ended = call(capsys, "run", folder, "--db", path)
    assert ended.code == 3
    assert "a.duckdb" in ended.text


def test_a_name_that_is_a_folder(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.html").mkdir()
    (tmp_path / "x.csv").mkdir()
    path = tmp_path / "a.duckdb"
    run(folder, path)
    for command in (("report", "sample", "--db", path, "--out"), ("power", folder, "--figure")):
        ended = call(capsys, *command, tmp_path / "x.html")
        assert ended.code == 2
        assert "isnofile" in ended.text
    assert call(capsys, "report", "sample", "--db", path, "--out", path).code == 2
    same = Path(shutil.copy(path, tmp_path / "b.html"))
    before = same.read_bytes()
    shutil.copytree(tmp_path / "a.duckdb.published", tmp_path / "b.html.published")
    assert call(capsys, "report", "sample", "--db", same, "--out", same).code == 2
    assert same.read_bytes() == before


@pytest.mark.parametrize("what", ["a.duckdb", "sample/raw/survey.csv", "sample/programme.yaml", "sample"])
def test_without_the_right_to_read_or_write(what: str, nursery: Nursery, folder: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "a.duckdb")
    (tmp_path / what).chmod(0)
    ended = nursery.call(tmp_path, "run", "sample", "--db", "a.duckdb", rights=True)
    (tmp_path / what).chmod(0o755)
    assert ended.code == 3, ended
    assert Path(what).name in ended.text
    assert "ermission denied" in ended.text
