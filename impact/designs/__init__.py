"""Designs: a folder for each kind, from how it is declared to how its effect is estimated and its power simulated."""
