"""Real scores, from music21's corpus, Freedoom or the user's own files, as songs."""
