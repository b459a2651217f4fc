"""Frozen networks that know something of speech and that codecs listen to."""
