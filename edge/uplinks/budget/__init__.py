"""How much of each link's data was used this month, by class of flow, and what stops when it is used up."""
