"""Networks: layers in a row, their plan, losses, calibration, committees and files."""
