"""Controllers: each answers the actions of one part of the app and owns that part's state."""
