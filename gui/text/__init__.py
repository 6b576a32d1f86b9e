"""The texts of the window, in English and Chinese."""
