"""The networks with a name: their layers, recipes and trained weights."""
