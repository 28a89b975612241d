"""The pages people use in a crisis: Accueil, Déclencher, Confirmer, Suivi. Knows the daemons by their varlink messages only."""
