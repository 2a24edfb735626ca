"""Two test workers on two cores: linear algebra keeps to one thread each, or small matrices wait for one another.

One worker takes all tests in a browser, so that there is one browser and one served app; and one takes all tests of a
file with fixtures for the module, so that they are made once. Any other test goes to whichever worker is free.

No property has a deadline: a busy machine is slow, not wrong.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")


class SomeTogether(LoadScopeScheduling):
    """Tests go to the workers one by one, those that share their fixtures all to the same."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if "/browser/" in nodeid:
            return "browser"
        return file if _shares(self.config.rootpath / file) else nodeid


@cache
def _shares(file: Path) -> bool:
    return 'scope="module"' in file.read_text(encoding="utf-8")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    return SomeTogether(config, log) if config.getvalue("dist") == "load" else None
