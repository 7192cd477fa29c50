"""Electronic music made of loops."""
