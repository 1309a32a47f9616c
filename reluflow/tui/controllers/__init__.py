"""What answers the user, one part a file: plain classes that own their state and know the app as a host."""
