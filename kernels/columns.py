"""The columns of the table that tells the backends' `augment` what to do to each picture, and what all of them share.

See `kernels.reference.augment` for what the columns mean.
"""

WAVES = 3  # along each side; a picture's displacement has WAVES * WAVES coefficients down and as many across
# Where each part begins.
DOWN, ACROSS, STROKE, HOLE, NUMBERS = 0, 3 + WAVES**2, 2 * (3 + WAVES**2), 2 * (3 + WAVES**2) + 1, 29
BORDER = 2  # pixels of background round a picture; whatever is fetched from farther away is background too
