"""Plain parts: they draw what they are given and know nothing of states or engine."""
