"""One module a subject; each has register(subjects) and the functions its verbs run."""
