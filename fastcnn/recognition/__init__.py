"""From a picture to an answer: digits, strings, refused pictures, and the paper's experiment."""
