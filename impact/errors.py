"""What can go wrong, in one tree; used by every room, rendered only by ``impact.cli.main``.

What is none of these is worded, with an exit code of its own, by ``impact.faults``.

```text
ImpactError
├── UsageError            the call is wrong: no such folder, unknown finding (exit code 2)
├── MachineError          the disk, a right, memory or a damaged file stands in the way (exit code 3)
├── ProblemsError         carries a list of Problem (exit code 1)
│   ├── DeclarationError  the programme folder's YAML does not hold together
│   └── FileError         a raw file cannot be read as declared; nothing of it was loaded
└── NotEstimable          the data or the plan cannot support the request, with the reason
```
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from impact.words.said import Remark, Said


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where, and what to do about it.

    Parameters
    ----------
    what
        The problem in one sentence.
    file
        The file it stands in, relative to the programme folder.
    line
        Its line there, counted from 1.
    field
        The dotted path of the field, such as ``indicators.0.ex_ante.target``.
    expected
        What was expected there, such as a type or the codes of a list.
    found
        What stands there instead, as it is written.
    fix
        What to do about it, in one sentence.
    """

    what: str
    file: str = ""
    line: int | None = None
    field: str = ""
    expected: str = ""
    found: str = ""
    fix: str = ""

    def where(self) -> str:
        """Return ``file:line field`` with the parts that are known."""
        line = self.file if self.line is None else f"{self.file}:{self.line}"
        return " ".join(filter(None, (line, self.field)))

    def as_dict(self) -> dict[str, str | int | None]:
        """Return the fields as a plain dictionary, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        where = self.where()
        clauses = [f"{where}: {self.what}" if where else self.what]
        if self.expected:
            clauses.append(f"expected {self.expected}")
        if self.found:
            clauses.append(f"found {self.found}")
        text = "; ".join(clauses)
        return f"{text}. {self.fix}" if self.fix else text


class ImpactError(Exception):
    """Base class of everything this package raises on purpose."""


class UsageError(ImpactError):
    """The command or call was used wrongly."""


class MachineError(ImpactError):
    """The machine cannot do it: the disk is full, a right is missing, a file is damaged."""


class ProblemsError(ImpactError):
    """One or more problems in what the user provided.

    Parameters
    ----------
    problems
        All the problems found, not only the first.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class DeclarationError(ProblemsError):
    """The declarations of a programme do not hold together."""


class FileError(ProblemsError):
    """A raw file cannot be read as its source declares; nothing of it was loaded."""


class NotEstimable(ImpactError):  # noqa: N818 - the field's own term, shown to users as it is
    """A design cannot give an effect from these data.

    Parameters
    ----------
    reason
        Completes the sentence "not estimable because …".
    needed
        What would make it estimable.
    """

    def __init__(self, reason: Said, needed: Remark = "") -> None:
        self.reason, self.needed = reason, needed
        super().__init__(reason, needed)

    def why(self) -> Said:
        """Return the reason, and what is needed where that is known."""
        if not self.needed:
            return self.reason
        return Said("join.needed", reason=self.reason, needed=self.needed)

    def sentence(self) -> Said:
        """Return the whole sentence: that there is no effect, and why."""
        return Said("join.not_estimable", why=self.why())

    def __str__(self) -> str:
        return str(self.sentence())
