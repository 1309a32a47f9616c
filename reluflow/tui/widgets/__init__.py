"""Widgets: the panels of the app and their parts, one a file."""
