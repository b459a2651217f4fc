"""What is true now. QtCore at most; written on the GUI thread only."""
