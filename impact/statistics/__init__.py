"""Pure numbers: arrays in, small frozen results out. No declarations, no database, no files.

Everything the rooms above compute (survey estimation, power, designs, diagnostics) happens in functions of this room,
each checked against an outside authority.
"""
