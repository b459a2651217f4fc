"""speefeare workbench: the Qt application (window) and its engine process."""
