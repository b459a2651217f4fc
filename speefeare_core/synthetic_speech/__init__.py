"""Speech from synthesisers that tell when each phone begins: exact labels, no speaker's privacy, any amount of it.

It is robotic, and what is measured on it is about synthetic speech: say so wherever it is shown.
"""
