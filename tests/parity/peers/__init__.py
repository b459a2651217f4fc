"""Other people's implementations with random weights, saved as their authors publish them. One file a family."""
