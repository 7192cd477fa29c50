"""Solfeggio: ear training for machines."""

__version__ = "0.1.0"
