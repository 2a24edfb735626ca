"""Two test workers on two cores: linear algebra keeps to one thread each, or small matrices wait for one another.

One worker takes all tests in a browser, so that there is one browser and one served app; so it is with files whose
tests share what is dear to make.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")


TOGETHER = ("/browser/", "reference/test_germany.py", "cases/test_scopes.py")


class SomeTogether(LoadScopeScheduling):
    """Tests go to the workers one by one, those of a place that shares its fixtures all to the same."""

    def _split_scope(self, nodeid: str) -> str:
        return next((place for place in TOGETHER if place in nodeid), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    return SomeTogether(config, log) if config.getvalue("dist") == "load" else None
