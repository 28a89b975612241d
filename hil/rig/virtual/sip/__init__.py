"""The town's telephones: a cloud PBX (Kamailio), the telephone network (sipp), and the phones themselves (baresip)."""
