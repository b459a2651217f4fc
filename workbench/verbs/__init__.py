"""What a person can do, one topic a file, with paths and numbers as arguments and no dialogs; see `commands`."""
