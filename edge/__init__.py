"""The appliance's daemons; each folder is one process, cut where faults and privileges are cut."""
