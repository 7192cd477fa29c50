"""Decoders: logits to music, by what is known of it; numpy only."""
