"""Pictures made by code: digits drawn with a pen, letters, scribbles, and other things that are no digit."""
