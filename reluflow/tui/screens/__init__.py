"""Screens, one a file. A page or question returns its answer; the controller that asked acts on it."""
