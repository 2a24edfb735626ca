"""How anything is drawn: trees of elements, shapes of areas, a figure as SVG; knows nothing of programmes or words."""
