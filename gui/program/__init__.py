"""The program round the window: start, pages, worker, crashes."""
