"""How often networks are right."""
