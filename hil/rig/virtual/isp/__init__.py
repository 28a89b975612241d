"""What an ISP can do to a town hall: one file per way to fail, and the programs that do it in the ISP's namespace."""
