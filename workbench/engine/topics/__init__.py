"""What window and engine say to each other, one topic a file: frozen dataclasses, see `workbench.engine.protocol`."""
