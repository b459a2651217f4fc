"""How long streams take for a step, one beside the other, step by step on one thread."""
