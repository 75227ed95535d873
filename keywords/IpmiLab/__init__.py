"""Robot Framework library for IPMI: ``Library    IpmiLab``."""

from IpmiLab.library import IpmiLab

__all__ = ["IpmiLab"]
