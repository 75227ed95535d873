"""Robot Framework library for IPMI: ``Library    IpmiLab``."""
