"""Comparisons of the engine's statistics with libraries, a module for each kind of design."""
