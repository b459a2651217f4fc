"""Latent space made visible: a codec's latents `[F, D]` as points `[F, 3]` in a space that is fixed beforehand.

The axes are fitted once on a reference corpus and not on the clip, so that two clips, or one clip before and after
quantisation, can be compared. Principal axes are built in (`pca`); UMAP (`umap_space`) needs the extra `umap`.
What colours the points is measured frame by frame: loudness, pitch, quantisation error (`frame_values`), and labels
that lie beside a recording (`labels`). `space.fitting` and `trace.tracing` are the two steps of everything.
"""
