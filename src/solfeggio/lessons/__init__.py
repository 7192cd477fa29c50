"""Lessons: how a listener learns from a batch."""
