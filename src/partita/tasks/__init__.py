"""The verbs: one file, one command and one Python function each."""
