"""The command line: parse (:mod:`~impact.cli.main`), call, print (:mod:`~impact.cli.terminal`)."""
