"""What went wrong, told on the terminal: one sentence and an exit code; the trace with ``IMPACT_DEBUG=1``."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from typer.core import TyperGroup

from impact.cli.terminal.problems import print_problems
from impact.errors import ImpactError, ProblemsError
from impact.faults import TERMINATED, UNREAD, exit_code, is_interrupt, said

DEBUG = "IMPACT_DEBUG"


class Terminal(Console):
    """A console that leaves it to :func:`tell` what happens when nobody reads it any more."""

    def on_broken_pipe(self) -> None:
        """Let the error of the system come out."""
        raise  # noqa: PLE0704 - called by rich while it handles that error


err = Terminal(stderr=True, highlight=False)


class Stopped(Exception):  # noqa: N818 - carries what stopped a command past typer, which would end with codes of its own
    """An interrupt or an error of the system."""


class Guarded(TyperGroup):
    """The commands; interrupts and errors of the system come out as :class:`Stopped`."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, EOFError, OSError) as error:
            raise Stopped from error


@contextmanager
def stopping() -> Iterator[None]:
    """Leave in order when the system asks the process to end: files are put back, temporary ones removed."""
    previous_handler = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous_handler)


def tell(error: Exception, *, as_json: bool) -> int:
    """Print what went wrong, as JSON or for people, and return the exit code."""
    cause = error.__cause__ if isinstance(error, Stopped) and error.__cause__ else error
    code = exit_code(cause)
    is_expected = isinstance(cause, ImpactError) or is_interrupt(cause)
    if os.environ.get(DEBUG) and not is_expected:
        traceback.print_exception(cause)
    if code == UNREAD:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still in the buffer has no reader
    elif as_json:
        sys.stdout.write(json.dumps(_data(cause), ensure_ascii=False, indent=2, default=str) + "\n")
    elif isinstance(cause, ProblemsError):
        print_problems(err, cause.problems)
    else:
        err.print("✗ " + said(cause), style="bold", markup=False, soft_wrap=True)
    return code


def _data(cause: BaseException) -> dict[str, Any]:
    if isinstance(cause, ProblemsError):
        problems = [problem.as_dict() for problem in cause.problems]
        return {"problems": problems}
    return {"error": said(cause)}
