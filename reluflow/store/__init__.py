"""Presets and run directories: what is kept in files, and how it is checked on the way in."""
