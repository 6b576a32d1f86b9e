"""Code that all measurements use: timing, settings, cases, records, worker processes."""
