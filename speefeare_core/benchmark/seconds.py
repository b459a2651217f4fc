"""How much audio is timed unless something else is asked for. Loads without torch."""

SECONDS = 12.0  # and as much before it that is not timed: past every context (Mimi's is 10 s)
