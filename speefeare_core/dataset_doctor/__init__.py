"""What is wrong with a set of speech, and what helps: every clip measured, plain findings, repaired copies."""
