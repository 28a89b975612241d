"""The box's own SMS to technicians: the answer to ETAT, and changes of the continuity level."""
