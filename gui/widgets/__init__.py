"""What the desktop program shows: widgets and pages that draw and report, and decide nothing."""
