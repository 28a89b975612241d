"""fr.repli.modem: one file for each file of messages in edge/shared/messages."""
