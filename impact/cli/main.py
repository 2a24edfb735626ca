"""The command line: parse, call, render.

What goes wrong is told by :mod:`impact.cli.faults`.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from impact.cli.context import context_app
from impact.cli.export import export
from impact.cli.faults import Guarded, Terminal, err, stopping, tell
from impact.cli.options import DEFAULT_DB, AsJson, Database, ProgrammeFolder, PublishedProgramme, language_of
from impact.cli.terminal import (
    print_claims,
    print_findings,
    print_power,
    print_problems,
    print_quarantine,
    print_report,
    print_trace,
)
from impact.declare import Programme, check_programme, load_programme, shipped
from impact.declare.schemas import write_schemas
from impact.errors import Problem, ProblemsError, UsageError
from impact.expect import draw_assignment, forecast_problems, power_reports, register_plan, verify_registrations
from impact.figures import write_power_curves
from impact.files import check_place, copy_tree, held, making_folder, write_file
from impact.publish import findings_table, read_table, trace_finding
from impact.publish.rows import json_rows
from impact.run.flow import STAGES, audit_programme, run_programme
from impact.run.stage import ENGINE
from impact.run.stage import Progress as Report
from impact.states import ClaimState
from impact.store import Warehouse, open_reader
from impact.store.state import behind
from impact.tables.files import Quarantine
from impact.tables.process import Claim

app = typer.Typer(
    name="impact",
    cls=Guarded,
    help="Impact measurement and evaluation: ex-ante promises against ex-post outcomes, checked down to the row.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(context_app)
out = Terminal(soft_wrap=False, highlight=False)

DEMO_DB = Path("impact-demo.duckdb")


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


@contextmanager
def _progress(shown: bool) -> Iterator[Report]:
    """Give a progress callback that draws a bar, if there is a terminal to draw it on."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not (shown and err.is_terminal)) as bar:
        task = bar.add_task("", total=None)
        yield lambda label, done, total: bar.update(task, description=label, completed=done, total=total)


@app.command()
def check(programme: ProgrammeFolder, as_json: AsJson = False) -> None:
    """Check everything about a programme that can be known without its data."""
    loaded = load_programme(programme)
    problems = _problems(loaded)
    if as_json:
        described = [problem.as_dict() for problem in problems]
        _print_json({"programme": loaded.id, "problems": described})
    elif problems:
        print_problems(out, problems)
    else:
        _print_counts(loaded)
    raise typer.Exit(1 if problems else 0)


def _problems(loaded: Programme) -> list[Problem]:
    """Return all that can be wrong with a programme before its data are read."""
    return [*check_programme(loaded), *verify_registrations(loaded), *forecast_problems(loaded)]


def _print_counts(loaded: Programme) -> None:
    """Say what a sound programme declares, and which nodes of its theory have no indicator."""
    nodes = loaded.header.theory_of_change.nodes
    counts = f"{len(nodes)} nodes, {len(loaded.indicators)} indicators, {len(loaded.sources)} sources"
    out.print(f"{loaded.id} holds together: {counts}")
    measured = {indicator.node for indicator in loaded.indicators}
    unmeasured = [node.id for node in nodes if node.id not in measured]
    if unmeasured:
        out.print(f"  nobody measures: {', '.join(unmeasured)}")


@app.command()
def run(
    programme: ProgrammeFolder,
    db: Database = DEFAULT_DB,
    until: Annotated[str, typer.Option(help=f"Stop after a stage: {', '.join(STAGES)}.")] = "publish",
    as_json: AsJson = False,
) -> None:
    """Take a programme from raw files to findings; only what changed is done again."""
    if until not in STAGES:
        raise UsageError(f"--until takes one of {', '.join(STAGES)}, not '{until}'")
    loaded = load_programme(programme)
    with Warehouse(db) as warehouse:
        with _progress(not as_json) as progress:
            report = run_programme(loaded, warehouse, until=until, progress=progress)
        findings = findings_table(warehouse, loaded.id)
        claims = read_table(warehouse, Claim, loaded.id)
    if as_json:
        run_report = dataclasses.asdict(report)
        _print_json({"report": run_report, "findings": json_rows(findings)})
    else:
        print_report(out, report, claims)
        if report.stage == "publish":
            print_findings(out, findings, show_parts=False)
        out.print(f"Kept in {db}. Next: impact trace FINDING, impact quarantine, impact findings --all")
    raise typer.Exit(1 if report.rows_bad else 0)


@app.command()
def audit(programme: ProgrammeFolder, db: Database = DEFAULT_DB, as_json: AsJson = False) -> None:
    """Recompute the totals a programme reported about itself; exit code 1 if any differs."""
    loaded = load_programme(programme)
    if not loaded.claims:
        raise UsageError(f"{loaded.id} declares no claims; see docs/how-to/audit_claims.md")
    with Warehouse(db) as warehouse, _progress(not as_json) as progress:
        claims = audit_programme(loaded, warehouse, progress=progress)
        waiting = behind(warehouse)
    if as_json:
        _print_json(json_rows(claims))
    else:
        print_claims(out, claims)
    if waiting:
        err.print(f"Rows have changed: readers see the last whole run until {', '.join(waiting)} is run to the end.")
    raise typer.Exit(1 if (claims["state"] == ClaimState.DIFFERS).any() else 0)


@app.command()
def demo(
    db: Database = DEMO_DB,
    serve: Annotated[bool, typer.Option("--serve", help="Open the findings in a browser app on this machine.")] = False,
    port: Annotated[int, typer.Option(help="Port of the app.", min=1024, max=65535)] = 8050,
    as_json: AsJson = False,
) -> None:
    """Run the example programmes into one database and print what was found, level by level."""
    with Warehouse(db) as warehouse:
        with _progress(not as_json) as progress:
            reports = [run_programme(load_programme(folder), warehouse, progress=progress) for folder in _examples()]
        findings = findings_table(warehouse)
        claims = read_table(warehouse, Claim)
    if as_json:
        run_reports = [dataclasses.asdict(report) for report in reports]
        _print_json({"reports": run_reports, "findings": json_rows(findings)})
    else:
        print_findings(out, findings, show_parts=False)
        for report in reports:
            print_report(out, report, claims)
        _print_next_steps(db)
    if serve:
        importlib.import_module("impact_dashboards.server.serve").serve(db, port=port)


def _examples() -> list[Path]:
    """Return the folders of the example programmes, in the order of their names."""
    folders = [path.parent for path in shipped("data").glob("*/programme.yaml")]
    return sorted(folder for folder in folders if folder.name != "local")


def _print_next_steps(db: Path) -> None:
    """Say what a reader of the examples may try with them."""
    out.print(f"\nWrote {db}. Next:", soft_wrap=True)
    lines = (
        f"  impact trace nsw/earnings --db {db}      the path of one number back to its rows",
        f"  impact quarantine wecare --db {db}       the rows set aside, and why",
        "  impact init my_programme                           a folder of your own that runs as it is",
    )
    for line in lines:
        out.print(line, soft_wrap=True)


@app.command()
def serve(
    db: Database = DEFAULT_DB,
    host: Annotated[
        str, typer.Option(help="Address to listen on; beyond this machine only with --access.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the app.", min=1024, max=65535)] = 8050,
    workers: Annotated[int, typer.Option(help="Processes that answer.", min=1, max=64)] = 2,
    access: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML file that says who signs in and may see what.")
    ] = None,
) -> None:
    """Serve the app over what was published last; runs and readers do not wait for each other."""
    importlib.import_module("impact_dashboards.server.serve").serve(
        db, host=host, port=port, workers=workers, access=access
    )


@app.command()
def report(
    programme: PublishedProgramme,
    out_file: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write: ends with .html or .pdf.")],
    db: Database = DEFAULT_DB,
    lang: Annotated[str, typer.Option(help="it or en.")] = "it",
) -> None:
    """Write the report of a programme: one file, readable without a network; as PDF where a browser can print it."""
    language = language_of(lang)
    importlib.import_module("impact_dashboards.server.report").write_report(db, programme, language, out_file)
    out.print(f"Wrote {out_file}", soft_wrap=True)


app.command()(export)


@app.command()
def init(name: Annotated[str, typer.Argument(help="Name of the new folder and programme.")]) -> None:
    """Make a programme folder that runs as it is, commented, with schemas for your editor."""
    target = Path(name)
    programme = target.name
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", programme):
        raise UsageError(f"'{programme}' cannot name a programme: use lower-case letters, digits and underscores")
    with making_folder(target) as folder:
        copy_tree(shipped("schemas") / "template", folder)
        for path in folder.glob("*.yaml"):
            text = path.read_text(encoding="utf-8")
            write_file(path, text.replace("template_programme", programme))
        write_schemas(folder / ".schemas")
    out.print(f"Made {target}/. Next: impact check {name} && impact run {name}")


@app.command()
def register(
    programme: ProgrammeFolder,
    author: Annotated[str, typer.Option(help="Who registers the plan.")],
    note: Annotated[str, typer.Option(help="Why, for an amendment.")] = "",
) -> None:
    """Freeze the plan (theory of change, measures, promises, designs) with its hash and the time."""
    loaded = load_programme(programme)
    if problems := _problems(loaded):
        raise ProblemsError(problems)
    entry = register_plan(loaded, author, note)
    if entry is None:
        out.print("This plan is registered already; nothing was written.")
    else:
        where = f"{loaded.folder.name}/registrations.yaml"
        out.print(f"Registered plan {entry.plan_hash[:12]} at {entry.registered_at}: {where}", soft_wrap=True)


@app.command()
def power(
    programme: ProgrammeFolder,
    figure: Annotated[Path | None, typer.Option(help="Write the power curves to this HTML file.")] = None,
    simulate: Annotated[bool, typer.Option(help="Simulate designs that have a closed form too.")] = True,
    as_json: AsJson = False,
) -> None:
    """Say what each declared plan could show, before the money is spent; no data is read."""
    loaded = _sound(programme)
    if figure is not None:
        check_place(figure, ".html")
    reports = power_reports(loaded, simulate=simulate)
    if not reports:
        raise UsageError(f"no indicator of {loaded.id} declares ex_ante.power; see docs/how-to/plan_for_power.md")
    if as_json:
        _print_json([dataclasses.asdict(report) for report in reports])
    else:
        print_power(out, reports)
    if figure is not None:
        write_power_curves(loaded, reports, figure)
        err.print(f"Wrote {figure}")


@app.command()
def assign(
    programme: ProgrammeFolder,
    assignment: Annotated[str, typer.Argument(help="Id of the assignment in evaluation.yaml.")],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="CSV file for the units and their arm.")],
    db: Database = DEFAULT_DB,
) -> None:
    """Draw who is offered the programme, from rows that `impact run --until validate` has loaded."""
    loaded = _sound(programme)
    check_place(to, ".csv")
    with held(to) as file:
        if file.path.exists():
            raise UsageError(f"{to} exists already: an assignment is drawn once; nothing was written")
        with open_reader(db, "validate") as warehouse:
            _check_name(warehouse, loaded.id)
            units, balance, sentence = draw_assignment(warehouse.connection, loaded, assignment)
        file.write(units.to_csv(index=False))
    out.print(f"{sentence}; written to {to}", soft_wrap=True)
    for row in json_rows(balance):
        means = f"{row['treated']:.4g} against {row['comparison']:.4g}"
        apart = f"{row['standardised_difference']:+.3f} sd apart"
        out.print(f"  {row['covariate']}: {means}, {apart}")


def _sound(folder: Path) -> Programme:
    """Load a programme, and refuse one whose declarations do not hold together."""
    loaded = load_programme(folder)
    if problems := check_programme(loaded):
        raise ProblemsError(problems)
    return loaded


@app.command()
def findings(
    programme: Annotated[str | None, typer.Argument(help="Only this programme.")] = None,
    db: Database = DEFAULT_DB,
    everything: Annotated[bool, typer.Option("--all", help="Show projects, territories and groups too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what was found: ex ante beside ex post, effect and evidence."""
    with open_reader(db) as warehouse:
        _check_name(warehouse, programme)
        table = findings_table(warehouse, programme)
    if as_json:
        _print_json(json_rows(table))
        return
    print_findings(out, table, show_parts=everything)


@app.command()
def quarantine(
    programme: Annotated[str | None, typer.Argument(help="Only this programme.")] = None,
    db: Database = DEFAULT_DB,
    limit: Annotated[int, typer.Option(min=1, help="How many reasons to list.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the rows that were set aside or warned about, with all their reasons."""
    with open_reader(db, "validate") as warehouse:
        _check_name(warehouse, programme)
        table = read_table(warehouse, Quarantine, programme)
    if as_json:
        _print_json(json_rows(table))
    elif table.empty:
        out.print("The quarantine is empty.")
    else:
        print_quarantine(out, table, limit)
    raise typer.Exit(0 if table.empty else 1)


@app.command()
def trace(
    finding: Annotated[str, typer.Argument(help="A finding, such as nsw/earnings.")],
    db: Database = DEFAULT_DB,
    as_json: AsJson = False,
) -> None:
    """Follow one number back: definition, query, rows, file, hash, run."""
    with open_reader(db) as warehouse:
        path = trace_finding(warehouse, finding)
    if as_json:
        _print_json(path.plain())
    else:
        print_trace(out, path)


def _check_name(warehouse: Warehouse, programme: str | None) -> None:
    """Refuse the name of a programme that was never loaded, and say which were."""
    rows = warehouse.rows("SELECT DISTINCT programme FROM impact.load ORDER BY programme")
    names = [name for (name,) in rows]
    if programme is not None and programme not in names:
        listed = ", ".join(names) or "none"
        raise UsageError(f"the database holds no programme '{programme}'; it holds {listed}")


@app.command()
def version() -> None:
    """Print the version of the engine."""
    out.print(ENGINE)


def main() -> None:
    """Run the command line; turn whatever went wrong into words and an exit code."""
    try:
        with stopping():
            try:
                app()
            finally:
                sys.stdout.flush()
    except Exception as error:  # the last place: nothing leaves as a trace unless it is asked for
        sys.exit(tell(error, as_json="--json" in sys.argv))
