"""The widgets and pages of the desktop program. They show and report, and decide nothing."""
