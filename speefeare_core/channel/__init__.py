"""The channel between encoder and decoder: lost packets, flipped bits, frozen books, concealment.

    channel, concealer = Channel(info, settings), Concealer(info.hop_samples, info.rate_hz)
    codes, latents = stream.encode(block)
    received = channel.send(latents if codes is None else codes)
    sound = stream.decode(received.codes)
    gain = concealer.gain(received.lost, channel.settings.conceal)  # None: nothing to do

Importing this package does not import torch, and `settings` and `check` do not need it.
"""
