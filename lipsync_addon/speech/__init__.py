"""Sound files, words and phonemes."""
