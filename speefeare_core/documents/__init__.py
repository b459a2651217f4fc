"""Documents of the workbench (`.speefeare`): a zip file of JSON and arrays, and a sound file where it is wanted.

Loads without torch and Qt. Nothing in a document is ever run; what it says is checked before it is used.
"""
