"""Reading checkpoints: what a file is, one reader a format, and `load_codec`."""
