"""Taking out: figures for print, tables and arrays of what is in sight, and videos for slides."""
