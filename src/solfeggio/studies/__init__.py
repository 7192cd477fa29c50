"""Asking questions: tables with intervals, seeds, versions, robustness."""
