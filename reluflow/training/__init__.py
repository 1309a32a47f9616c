"""One run without a thread: stepping, when it is over, and going on with a stored one."""
