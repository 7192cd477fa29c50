"""Classical music and leitmotif scenes, note by note."""
