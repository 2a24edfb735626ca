"""Territory: its parts on a map and in order, series, needs against supply."""
