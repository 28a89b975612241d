"""python -m hil.rig.virtual.modem."""

from hil.rig.virtual.modem.main import main

main()
