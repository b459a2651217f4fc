"""The channel between encoder and decoder: lost packets, flipped bits, frozen and dropped books, concealment."""
