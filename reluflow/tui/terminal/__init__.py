"""The terminal: reading its keyboard, writing to it, and the rate of frames."""
