"""Documents: what is kept of a session of work, saved, opened, saved by themselves, brought back after a crash."""
