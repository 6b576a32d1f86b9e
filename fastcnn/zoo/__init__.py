"""The networks that have a name: their layers, recipes and trained weights."""
