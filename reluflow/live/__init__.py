"""One live run: the session that shows use, the thread that solves, and what passes between them."""
