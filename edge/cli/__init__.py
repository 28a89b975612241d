"""The command line `repli`: tables for people, --json for programs."""
