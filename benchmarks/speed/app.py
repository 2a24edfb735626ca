"""The app as a reader waits for it: in a browser, over a million rows, and while a run publishes.

A task times its own questions and returns a percentile of them.
"""

from __future__ import annotations

import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.util import find_spec
from itertools import count, product
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import duckdb
import yaml

from benchmarks.speed import made
from benchmarks.speed.startup import IMPACT
from benchmarks.speed.work import ENGINE, Task, Work

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu")
KEPT = ("person", "wave", "cut1", "cut2", "cut3", "weight", "value1", "value2", "value3", "value4")
RECORDS = f"/en/monitoring/{made.PROGRAMME}/records/rows"
QUESTIONS = [
    f"?{sort}{found}"
    for sort, found in product(
        ("", "sort=value1", "sort=-value2", "sort=person"),
        ("", "&f.cut1=c1", "&f.cut2=c2&f.cut3=c1", "&f.value1=3", "&last=1"),
    )
]
"""Pages of records: in the order of the files and sorted; all, filtered, and the last one."""
PAGES = ("portfolio", f"theory/{made.PROGRAMME}", f"monitoring/{made.PROGRAMME}", f"export/{made.PROGRAMME}")
OPENED = [f"/en/{page}" for page in PAGES]
REPORTS = {"html": "≤ 2 s", "pdf": "≤ 6 s"} if CHROMIUM else {"html": "≤ 2 s"}
UNDISTURBED = 300
"""Pages that are asked for with nothing beside."""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
FILTERS = "all => all.map(one => [one.id, Array.from(one.options, option => option.value)])"
TO_PAINT = """async ([name, value]) => {
  const control = document.getElementById(name);
  const start = performance.now();
  control.value = value;
  control.dispatchEvent(new Event('change', {bubbles: true}));
  const address = () => document.querySelector('.page').dataset.address;
  const wanted = new RegExp(name.replace('filter-', '') + '=' + value);
  while (!(value === '' ? !address().includes(name.replace('filter-', '') + '=') : wanted.test(address())))
    await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - start;
}"""


def percentile(seconds: Sequence[float], share: int) -> float:
    """Return the time within which so many in a hundred were answered, interpolated between those seen."""
    return statistics.quantiles(seconds, n=100, method="inclusive")[share - 1]


# ---- what is served --------------------------------------------------------------------------------------------------


def prepare_shipped(folder: Path, _: int) -> None:
    """Run the shipped programmes."""
    subprocess.run([*IMPACT, "demo", "--db", str(_database(folder))], check=True, capture_output=True)


def prepare_records(folder: Path, rows: int) -> None:
    """Run a programme of ten columns over so many rows."""
    made.write_declarations(folder, [made.declared("gain", "value2", by=["cut1", "cut2"])])
    made.write_rows(folder / "bench.duckdb", rows)
    declared = yaml.safe_load((folder / "contracts.yaml").read_text(encoding="utf-8"))
    columns = declared["contracts"][0]["columns"]
    declared["contracts"][0]["columns"] = {name: columns[name] for name in KEPT}
    made.write_yaml(folder / "contracts.yaml", declared)
    (folder / "raw").mkdir()
    with duckdb.connect(str(folder / "bench.duckdb"), read_only=True) as connection:
        rows_in_order = f"SELECT {', '.join(KEPT)} FROM made.rows ORDER BY _row"
        connection.execute(f"COPY ({rows_in_order}) TO '{folder / 'raw' / 'answers.csv'}' (HEADER)")
    subprocess.run(_run(folder), check=True, capture_output=True)


def _database(folder: Path) -> Path:
    return folder / "served.duckdb"


def _run(folder: Path) -> list[str]:
    return [*IMPACT, "run", str(folder), "--db", str(_database(folder))]


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve a database as a reader finds it, and give its address."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [*IMPACT, "serve", "--db", str(_database(folder)), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except OSError:
                time.sleep(0.05)
        base = f"http://127.0.0.1:{port}"
        _seconds(f"{base}/assets/app.css")  # the port is open before a worker is ready
        yield base
    finally:
        process.terminate()
        process.wait(timeout=20)


def _seconds(address: str) -> float:
    start = time.perf_counter()
    with urlopen(address) as answer:  # noqa: S310 - always of _served
        answer.read()
    return time.perf_counter() - start


# ---- a report --------------------------------------------------------------------------------------------------------


def reported(ending: str, folder: Path, _: int) -> Task:
    """Write the report of the largest example."""
    file = folder / f"report.{ending}"
    command = [*IMPACT, "report", "wecare", "--db", str(_database(folder)), "--out", str(file)]
    file.unlink(missing_ok=True)
    return lambda: subprocess.run(command, check=True, capture_output=True)


# ---- in a browser ----------------------------------------------------------------------------------------------------


@contextmanager
def _page(folder: Path) -> Iterator[tuple[Any, str]]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - of the tests alone: not everybody has it

    with ExitStack() as opened:
        base = opened.enter_context(_served(folder))
        playwright = opened.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened.callback(browser.close)
        yield browser.new_page(viewport={"width": 1360, "height": 900}), base


def first_content(again: bool, folder: Path, _: int) -> Task:
    """Open the page of all programmes: in an app just started, or once more."""

    def task() -> float:
        with _page(folder) as (page, base):
            page.goto(base + "/en/portfolio")
            painted = page.wait_for_function(PAINTED).json_value()
            if again:
                page.goto("about:blank")  # so that the same page is painted anew
                page.goto(base + "/en/portfolio")
                painted = page.wait_for_function(PAINTED).json_value()
        return float(painted) / 1000

    return task


def filtered(folder: Path, _: int) -> Task:
    """Choose each value of each filter of the page of all programmes in turn."""

    def task() -> float:
        with _page(folder) as (page, base):
            page.goto(base + "/en/portfolio")
            page.wait_for_selector("html[data-live]")
            filters = page.eval_on_selector_all("select", FILTERS)
            choices = [[name, value] for name, values in filters for value in [*values[1:], ""]]
            seconds = [page.evaluate(TO_PAINT, choice) / 1000 for choice in choices]
        return percentile(seconds, 95)

    return task


# ---- over many rows --------------------------------------------------------------------------------------------------


def record_pages(folder: Path, _: int) -> Task:
    """Open each page of records once, after the first page of all."""

    def task() -> float:
        with _served(folder) as base:
            _seconds(base + RECORDS)
            return percentile([_seconds(base + RECORDS + question) for question in QUESTIONS], 95)

    return task


def plain_pages(folder: Path, _: int) -> Task:
    """Read the same rows by DuckDB alone: sorted in full, as it does it without an index, and counted."""
    orders = ("_row", "value1", "value2 DESC", "person")
    conditions = ("TRUE", "cut1 = 'c1'", "cut2 = 'c2' AND cut3 = 'c1'", "value1 = 3", "TRUE")

    def task() -> float:
        with duckdb.connect(str(folder / "bench.duckdb"), read_only=True) as connection:
            seconds = []
            for order, condition in product(orders, conditions):
                start = time.perf_counter()
                columns = ", ".join((*KEPT, "_source", "_row"))
                connection.execute(
                    f"SELECT {columns} FROM made.rows WHERE {condition} ORDER BY {order}, _row LIMIT 51"
                ).fetchall()
                connection.execute(f"SELECT count(*) FROM made.rows WHERE {condition}").fetchall()
                seconds.append(time.perf_counter() - start)
        return percentile(seconds, 95)

    return task


# ---- while a run publishes -------------------------------------------------------------------------------------------


def while_publishing(folder: Path, _: int) -> Task:
    """Ask for pages in turn, every fifth one for other records, from start to end of a run over rows that changed."""
    return partial(_while, folder, lambda: _change(folder))


def while_nothing_runs(folder: Path, _: int) -> Task:
    """Ask for as many pages with nothing beside."""
    return partial(_while, folder, None)


def _while(folder: Path, change: Callable[[], subprocess.Popen[bytes]] | None) -> float:
    seconds = []
    with _served(folder) as base:
        for page in [*OPENED, RECORDS]:
            _seconds(base + page)
        run = change() if change else None
        for number in count():
            if (run.poll() is not None) if run else number == UNDISTURBED:
                break
            pages = [*OPENED, f"{RECORDS}?f.person=P{number:07d}"]
            seconds.append(_seconds(base + pages[number % len(pages)]))
            time.sleep(0.02)
    return percentile(seconds, 99)


def _change(folder: Path) -> subprocess.Popen[bytes]:
    """Put the last row first, and start a run."""
    path = folder / "raw" / "answers.csv"
    head, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([head, lines[-1], *lines[:-1]]), encoding="utf-8")
    return subprocess.Popen(_run(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


IN_A_BROWSER = (
    Work(
        name="app-first",
        title="first content of an app just started: times",
        goal="≤ 0.3 s",
        sizes=(1,),
        small=1,
        prepare=prepare_shipped,
        sides={ENGINE: partial(first_content, False), "the same page again": partial(first_content, True)},
        rounds=5,
    ),
    Work(
        name="app-filter",
        title="from a filter to its paint, 95 in 100: times",
        goal="≤ 0.1 s",
        sizes=(1,),
        small=1,
        prepare=prepare_shipped,
        sides={ENGINE: filtered},
        rounds=5,
    ),
)
"""Only where a browser is, and what drives it."""

WORKS = (
    *(
        Work(
            name=f"report-{ending}",
            title=f"`impact report wecare --out report.{ending}`: times",
            goal=goal,
            sizes=(1,),
            small=1,
            prepare=prepare_shipped,
            sides={ENGINE: partial(reported, ending)},
            rounds=5,
        )
        for ending, goal in REPORTS.items()
    ),
    *(IN_A_BROWSER if CHROMIUM and find_spec("playwright") else ()),
    Work(
        name="app-records",
        title="a page of records, sorted and filtered, 95 in 100: rows",
        goal="≤ 0.1 s at 1,000,000",
        sizes=(100_000, 1_000_000),
        small=4_000,
        prepare=prepare_records,
        sides={ENGINE: record_pages, "DuckDB alone, without a page": plain_pages},
        rounds=3,
    ),
    Work(
        name="app-publishing",
        title="a page while a run publishes, 99 in 100: rows",
        goal="≤ 0.4 s",
        sizes=(1_000_000,),
        small=4_000,
        prepare=prepare_records,
        sides={ENGINE: while_publishing, "with nothing beside": while_nothing_runs},
        rounds=3,
    ),
)
