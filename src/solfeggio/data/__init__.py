"""Data: recordings with their truth, licence and groups."""
