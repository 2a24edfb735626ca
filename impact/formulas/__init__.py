"""Formulas: a module or folder for each kind, with its model, its SQL and a descriptor of all that is true of it."""
