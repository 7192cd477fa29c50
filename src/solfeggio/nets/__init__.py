"""Nets: building blocks that know tensors, not music."""
