"""The terminal: what comes from its keyboard, what is written to it, and how fast."""
