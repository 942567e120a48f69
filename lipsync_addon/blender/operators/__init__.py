"""One file for each task of the user."""
