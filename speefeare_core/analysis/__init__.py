"""What is measured of speech itself, with Praat. Needs the extra `praat` (praat-parselmouth, GPL v3 or later)."""
