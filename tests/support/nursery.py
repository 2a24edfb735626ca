"""Runs commands of the engine and breaks them at a chosen step: killed, interrupted, or with a full disk.

A process imports the engine once and forks a child per command. An audit hook counts the steps by which Python changes
files (opened for writing, renamed, removed, made) and strikes at one of them, so that every step can be tried.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KINDS = {"kill": -9, "interrupt": 130, "full": 3}
"""What can happen, and how the command ends then."""
PROGRAM = """
import errno, json, os, resource, signal, sys, traceback

import impact_dashboards.server.report
from impact.cli import main as cli

EVENTS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate"}


def watch(job):
    seen = [0]

    def step(event, arguments):
        writes = event == "open" and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR) and arguments[0] != os.devnull
        if not (writes or event in EVENTS):
            return
        seen[0] += 1
        if seen[0] != job["step"]:
            return
        if job["kind"] == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if job["kind"] == "interrupt":
            raise KeyboardInterrupt
        raise OSError(errno.ENOSPC, "No space left on device")

    sys.addaudithook(step)
    return seen


def without_rights():
    # root may read and write whatever it likes: give that up, and nothing else
    import ctypes

    keeps = (ctypes.c_uint32 * 6)()
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.capget(header, keeps) == 0
    for place in range(3):
        keeps[place] &= ~0b110
    assert libc.capset(header, keeps) == 0


def child(job):
    os.chdir(job["home"])
    sys.argv = ["impact", *job["arguments"]]
    out = os.open(job["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1), os.dup2(out, 2)
    if job["limit"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["limit"],) * 2)
    if job["rights"]:
        without_rights()
    seen, code = watch(job), 0
    try:
        cli.main()
    except SystemExit as leaving:
        code = leaving.code or 0
    except BaseException:
        traceback.print_exc()
        code = 99
    sys.stdout.flush(), sys.stderr.flush()
    os.write(said, json.dumps([code, seen[0]]).encode())
    os._exit(0)


for line in sys.stdin:
    job = json.loads(line)
    heard, said = os.pipe()
    process = os.fork()
    if process == 0:
        child(job)
    os.close(said)
    text = os.fdopen(heard, "rb").read()
    _, status = os.waitpid(process, 0)
    answer = json.loads(text) if text else [-os.WTERMSIG(status), 0]
    sys.stdout.write(json.dumps(answer) + "\\n")
    sys.stdout.flush()
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its code, the steps it took, what it said."""

    code: int
    steps: int
    text: str


class Nursery:
    """Gives commands to the process."""

    def __init__(self) -> None:
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "COLUMNS": "400"}
        self.process = subprocess.Popen(
            [sys.executable, "-B", "-W", "ignore", "-c", PROGRAM],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip

    def call(self, home: Path, *arguments: object, kind: str = "", step: int = 0, limit: int = 0, rights: bool = False) -> Ended:  # fmt: skip
        """Run a command in a folder; break it at a step, let no file grow beyond a limit of bytes, or keep to rights."""
        out = home.parent / "said.txt"
        job: dict[str, Any] = {"home": str(home), "arguments": list(map(str, arguments)), "out": str(out)}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(
            json.dumps(job | {"kind": kind, "step": step, "limit": limit, "rights": rights}) + "\n"
        )
        self.process.stdin.flush()
        code, steps = json.loads(self.process.stdout.readline())
        return Ended(code, steps, out.read_text(encoding="utf-8"))

    def stop(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        assert self.process.wait(30) == 0
        self.process.stdout.close()
