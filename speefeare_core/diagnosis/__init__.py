"""What this computer has: versions, what computes, sound devices, missing parts. `speefeare doctor` prints it."""
