"""What the daemons say to each other: pydantic models, a file per daemon; the varlink text is generated from them."""
