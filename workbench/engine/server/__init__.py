"""The engine process: torch, the codec, the sound card, playback and live streaming. Imports no Qt."""
