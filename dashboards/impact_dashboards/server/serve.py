"""Serve the app on this machine: workers that read the published copy, each ready before the first request."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from impact.errors import UsageError
from impact.publish.scope import EVERYTHING
from impact.words import words_in
from impact.words.read import interface_languages
from impact_dashboards.page.address import Address
from impact_dashboards.pages import HOME
from impact_dashboards.server.access import Access, read_access, refuse_exposed
from impact_dashboards.server.app import App, create_app
from impact_dashboards.server.sign_in import session_key

HOST, PORT, WORKERS, THREADS = "127.0.0.1", 8050, 2, 4


def serve(
    db: str | Path, *, host: str = HOST, port: int = PORT, workers: int = WORKERS, access: Path | None = None
) -> None:
    """Serve the app until interrupted.

    Parameters
    ----------
    db
        A DuckDB file written by the engine.
    host, port
        Address and port to listen on; beyond this machine's own address only with ``access``.
    workers
        Processes that answer; where the system cannot fork, one process with threads.
    access
        Who may see what; without it everybody who reaches this machine's own address may see everything.

    Raises
    ------
    UsageError
        If nothing is published of the database, if an address beyond this machine is to be served without sign-in, or
        if the port is taken.
    """
    readers = read_access(access) if access is not None else None
    refuse_exposed(host, readers)
    key = session_key(None)
    create_app(db, access=readers, key=key)  # what cannot be served fails here, in words
    sys.stdout.write(f"Serving {db} at http://{host}:{port} (stop with Ctrl+C)\n")
    sys.stdout.flush()
    if sys.platform == "win32":
        warmed(db, readers, key).run(host=host, port=port, debug=False)
    else:
        _gunicorn(db, readers, key, f"{host}:{port}", workers)


def warmed(db: str | Path, access: Access | None, key: str) -> App:
    """Return the app with Dash set up: a first request from several threads at once would find it half made.

    Where everybody sees everything, the first page has been made too, and so waits for nobody.
    """
    app = create_app(db, access=access, key=key)
    app._setup_server()  # type: ignore[no-untyped-call]
    for language in interface_languages():
        words_in(language).said("")
        if access is None:
            app.site.answer(Address(language, HOME.name), EVERYTHING)
    return app


def _gunicorn(db: str | Path, access: Access | None, key: str, address: str, workers: int) -> None:
    from gunicorn.app.base import BaseApplication  # noqa: PLC0415 - there is none on Windows

    class Server(BaseApplication):  # type: ignore[misc]
        """Gunicorn with an app that each worker makes for itself: no open database crosses a fork."""

        def load_config(self) -> None:
            settings: dict[str, Any] = {
                "bind": address,
                "workers": workers,
                "threads": THREADS,
                "worker_class": "gthread",
                "loglevel": "warning",
                "timeout": 120,
                "keepalive": 15,
            }
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return warmed(db, access, key).server

    try:
        Server().run()
    except SystemExit as stop:
        if stop.code not in (0, None):
            raise UsageError(f"{address} cannot be served; is another program using the port?") from None
