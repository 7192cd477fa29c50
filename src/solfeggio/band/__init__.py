"""The band: songs composed, performed, rendered and mixed, with their truth."""
