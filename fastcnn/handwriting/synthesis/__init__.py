"""Pictures made by code: digits by a pen, letters, scribbles, things that are no digit."""
