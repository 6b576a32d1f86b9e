"""One picture through a whole network, step by step: every number of it, and what a class may try. Nothing of Qt."""
