"""How fast the app is for a reader: first content, interactive, shift, bytes, filter to paint, callbacks a second.

    python benchmarks/app_speed.py DB       a database that `impact demo --db DB` wrote

It serves DB as `impact serve` does and opens it in Chromium. Times depend on the machine and on what else it does; each
block prints the limit aimed at, and the callbacks beside what the same server does with a file that is only sent.
Needs the extra `test` and Chromium or Chrome on the path.
"""

from __future__ import annotations

import http.client
import json
import shutil
import sys
import threading
import time
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))
from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import FLAGS, served

PAGES = {
    "portfolio": "/it/portfolio",
    "theory": "/it/theory/wecare",
    "indicator": "/it/indicator/wecare/loneliness",
    "network": "/it/network/milano_sei_laltro",
    "territory": "/it/territory/wecare",
    "monitoring": "/it/monitoring/wecare",
    "claims": "/it/claims/wecare",
    "explore (with Plotly)": "/it/explore/wecare",
    "export": "/it/export/wecare",
}
RUNS, CHANGES, SECONDS, CLIENTS = 5, 40, 8.0, 8
SHIFT = """() => new Promise(done => { let sum = 0;
  new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) sum += e.value; })
    .observe({ type: 'layout-shift', buffered: true }); setTimeout(() => done(sum), 300); })"""
CHANGE = """([name, value]) => new Promise(done => {
  const control = document.getElementById(name), start = performance.now();
  const seen = new MutationObserver(() => requestAnimationFrame(() => setTimeout(() => {
    seen.disconnect(); done(performance.now() - start); }, 0)));
  const all = { childList: true, subtree: true, characterData: true, attributes: true };
  seen.observe(document.querySelector('main'), all);
  control.value = value; control.dispatchEvent(new Event('change', { bubbles: true })); })"""


def load(browser: Browser, url: str) -> tuple[float, float, float, int]:
    """Return first content and interactive in ms, layout shift, and bytes over the wire, with an empty cache."""
    context = browser.new_context(viewport={"width": 1360, "height": 900})
    page, sizes = context.new_page(), []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()))
    page.goto(url)
    page.wait_for_selector("html[data-live]")
    live = page.evaluate("performance.now()")
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    page.wait_for_load_state("networkidle")
    shift = page.evaluate(SHIFT)
    context.close()
    return first, live, shift, sum(size["responseBodySize"] for size in sizes)


def filters(browser: Browser, base: str) -> list[float]:
    """Return the ms from the change of a filter to the paint of what it changed, one after another."""
    page = browser.new_page(viewport={"width": 1360, "height": 900})
    page.goto(f"{base}/it/portfolio")
    page.wait_for_selector("html[data-live]")
    values = ["macro", "", "meso", "micro"]
    times = []
    for change in range(CHANGES):
        times.append(page.evaluate(CHANGE, ["filter-level", values[change % len(values)]]))
        page.wait_for_timeout(50)
    page.close()
    return times


def rate(base: str, method: str, path: str, body: bytes | None = None) -> tuple[float, int]:
    """Return answers a second of several clients, and how many were errors, from the first on."""
    done, errors, lock = 0, 0, threading.Lock()
    end = time.monotonic() + SECONDS

    def ask() -> None:
        nonlocal done, errors
        connection = http.client.HTTPConnection(urlsplit(base).netloc)
        while time.monotonic() < end:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            with lock:
                done, errors = done + 1, errors + (answer.status != 200)

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done / SECONDS, errors


def p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


def main() -> None:
    browser_path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    asked = {
        "output": "page.content",
        "outputs": {"id": "page", "property": "content"},
        "inputs": [{"id": "page", "property": "address", "value": "/it/portfolio?level=macro"}],
        "changedPropIds": ["page.address"],
    }
    with served(Path(sys.argv[1])) as base:
        callbacks, errors = rate(base, "POST", "/_dash-update-component", json.dumps(asked).encode())
        files, _ = rate(base, "GET", "/assets/app.css")
        print(f"callbacks  {callbacks:.0f}/s, {errors} errors from the first on (aim 300/s); a file {files:.0f}/s")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
            load(browser, base + PAGES["portfolio"])
            print("page                    first  interactive  shift    kB   (aims 500, 1200, 0.01, 350 or 900)")
            for name, path in PAGES.items():
                runs = [load(browser, base + path) for _ in range(RUNS)]
                first, live, shift, size = (median(values) for values in zip(*runs, strict=True))
                print(f"{name:<22} {first:6.0f} {live:12.0f} {shift:6.3f} {size / 1000:5.0f}")
            times = filters(browser, base)
            print(f"filter to paint  p50 {median(times):.0f} ms  p95 {p95(times):.0f} ms (aim 120 ms)")
            browser.close()


if __name__ == "__main__":
    main()
