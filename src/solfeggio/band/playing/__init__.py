"""How written notes are played: tempo, swing, dynamics, touch and bends."""
