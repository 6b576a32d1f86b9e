"""What every measurement uses: timing, settings, cases, records, worker processes."""
