"""The telephones: the model of extensions, trunks and survival, pushed into Kamailio, which does all signalling."""
