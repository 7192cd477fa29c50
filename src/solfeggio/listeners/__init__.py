"""Listeners: one file for each system that hears; the folder listing is the registry."""
