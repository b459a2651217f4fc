"""The window side of the engine: protocol, shared memory, client. The engine side is `server`."""
