"""Pages and questions laid over the panels, one a file. Each returns its answer; none acts by itself."""
