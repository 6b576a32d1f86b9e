"""The columns of the table of numbers that each backend's `augment` takes: one row a picture.

`kernels.reference.augment` says what the columns mean.
"""

WAVES = 3  # along each side; a picture's displacement has WAVES * WAVES coefficients down and as many across
# Where each part begins.
DOWN, ACROSS, STROKE, HOLE, NUMBERS = 0, 3 + WAVES**2, 2 * (3 + WAVES**2), 2 * (3 + WAVES**2) + 1, 29
BORDER = 2  # pixels of background round a picture; pixels farther away are background too
