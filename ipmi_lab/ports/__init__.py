"""Where datagrams enter and leave the machine, and the URL that names a target."""
