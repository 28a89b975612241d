"""Figures of the SMS senders: Repli, gammu-smsd and smstools3 on the same virtual modems."""
