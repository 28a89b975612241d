"""The demo: one bad night of a town hall, lived through by the whole appliance in the virtual town."""
