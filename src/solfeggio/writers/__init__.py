"""Writers: score to score. One file each; the folder listing is the registry."""
