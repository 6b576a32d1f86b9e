"""The compiler, its cache, vector code, and how threads share work."""
