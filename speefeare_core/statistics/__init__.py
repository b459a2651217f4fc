"""What tokens say of a codec: how its entries are used, how far apart they lie, how two sets of codes agree.

Counts, measures, agreement and maps need numpy only; what has to encode sound or ask a codec imports torch when called.
"""
