"""Whether what was derived still stands: it is not made again before a row, result, declaration or word changes."""

from __future__ import annotations

from impact.declare import Programme
from impact.run.stage import ENGINE, Run
from impact.sql import fingerprint
from impact.store.migrations import VERSION
from impact.words.read import catalogues_hash


def derived_stands(run: Run) -> bool:
    """Tell whether the last whole run derived its tables of what is declared now."""
    standing = run.warehouse.rows("SELECT made_of FROM impact.derivation WHERE programme = ?", [run.programme.id])
    return standing == [(_made_of(run.programme),)]


def note_derived(run: Run) -> None:
    """Write down of what a whole run has derived its tables."""
    values = [run.programme.id, _made_of(run.programme)]
    run.warehouse.connection.execute("INSERT OR REPLACE INTO impact.derivation VALUES (?, ?)", values)


def _made_of(programme: Programme) -> str:
    """Return a hash of all that derived tables depend on beside rows and results."""
    declared = [
        *(programme.header, programme.evaluation, *programme.contracts.values(), *programme.codelists.values()),
        *(*programme.sources, *programme.indicators, *programme.claims, *programme.registrations),
        *(programme.value, programme.export, *(framework.file for framework in programme.frameworks)),
        *(shared for framework in programme.frameworks for shared in framework.indicators),
    ]
    plain = [model.model_dump(mode="json") for model in declared]
    return fingerprint(plain, catalogues_hash(), VERSION, ENGINE)
