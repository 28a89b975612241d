"""What every daemon may import: messages, settings model, varlink, storage, clock. Imports no daemon."""
