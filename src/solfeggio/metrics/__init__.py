"""Metrics: one file for each kind of answer, the numbers of the field."""
