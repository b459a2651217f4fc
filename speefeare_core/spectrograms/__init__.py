"""Spectrograms as bytes: levels in dB, computed in chunks, with a pyramid of maxima over time. No torch."""
