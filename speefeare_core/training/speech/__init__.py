"""Sources of speech: packed sets, folders, manifests, corpora, shards. No torch; never a whole set in memory."""
