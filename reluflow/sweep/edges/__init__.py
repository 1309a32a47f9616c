"""What lies between two outcomes: runs that start close together and end differently."""
