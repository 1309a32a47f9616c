"""Data to rows of terminal text: figures as segments that carry a role instead of a colour.

Nothing here knows the app that shows the rows. ``canvas`` is the one module that knows plotext.
"""
