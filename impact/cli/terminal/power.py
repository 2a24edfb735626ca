"""Plans in the terminal: what each can show."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from impact.expect.power import PowerReport, in_words
from impact.statistics.power.simulation import Simulated


def print_power(console: Console, reports: Sequence[PowerReport]) -> None:
    """Print what each plan can show, and how its estimator fared in the simulation."""
    for report in reports:
        console.print(f"[bold]{escape(report.indicator)}[/]  [dim]{escape(report.design)}[/]")
        console.print(f"  {escape(report.sentence())}", soft_wrap=True)
        if report.simulated is not None:
            console.print(f"  {_simulation_line(report.simulated)}", soft_wrap=True)


def _simulation_line(simulated: Simulated) -> str:
    """Write how an estimator fared: its power with the error of the simulation, its bias, its intervals."""
    times = f"simulated {simulated.replications} times"
    if simulated.n_not_estimable:
        times += f", {simulated.n_not_estimable} not estimable"
    power = f"power {simulated.power:.1%} ± {1.96 * simulated.power_mc:.1%}"
    coverage = f"coverage {simulated.coverage:.1%}"
    width = f"interval {in_words(simulated.interval_width)} wide"
    return f"{times}: {power}, bias {simulated.bias:+.3g}, {coverage}, {width}"
