"""Long work of one topic each; the rows of `workbench.engine.server.answers` name it."""
