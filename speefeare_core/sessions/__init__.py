"""Live sessions on disk: one folder that holds what was spoken, what was heard, the codes between, and when.

    session.json   what it is: format, codec (source, fingerprint, CodecInfo), settings at the start, versions
    input.wav      what the codec was given, after the input gain: float32 [C, T] at the codec's rate
    output.wav     what came of it, before the mute: float32 [C, T], of the same length
    timing.jsonl   one line a step or event, in order; `at` counts samples of input.wav:
                     {"at", "samples", "start_s", "step_s"}     a step, when it began and how long it computed
                     {"at", "dropped": n}                       n frames before this sample were skipped, being late
                     {"at", "change": {name: value}}            a setting is this from here on; the first names them all
                     {"at", "stream": {…}}                      a stream begins here, see `StreamStart`
    codes.npz      `codes` int32 [K, F] as they left the encoder, or, without books, `latents` float32 [D, F]
    stream-N.pt    the state of the stream that `timing.jsonl` names, tensors only

All but session.json and codes.npz grow while it is recorded; the codes grow as codes.part, rows of frames, until the
end makes codes.npz of them. A folder whose program was killed opens all the same: `Session.open` takes the steps that
are whole in every file, and mends the folder where it may write. Importing this package loads no torch.
"""

from speefeare_core.sessions.format import NAME, is_session

__all__ = ["NAME", "is_session"]
