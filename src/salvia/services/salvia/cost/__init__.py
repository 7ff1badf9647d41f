"""GetCost: the lines of `control.cost`, added up as one likes, and what of what runs nobody uses."""
