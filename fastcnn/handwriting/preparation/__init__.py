"""The preparation: from any picture of a digit to the 28 x 28 numbers that a network reads."""
