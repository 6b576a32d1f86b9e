"""From a picture to an answer: digits, strings, what is no digit, and the paper's experiment."""
