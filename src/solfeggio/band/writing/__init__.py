"""What the band writes: charts, harmony, players of popular music, and the grooves of mma."""
