"""The program that contains the window: start, pages, worker threads, crashes."""
