"""A gateway spoken to by HTTP: requests made from templates (pure), one provider's profile, the call, and its keeper."""
