"""The virtual rig and the black-box tests that run on it; imports nothing of the product but edge.shared."""
