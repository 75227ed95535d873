"""The asyncio twin of the root: ``async with ipmi_lab.aio.connect(…) as ipmi: await ipmi.get_device_id()``."""

from ipmi_lab.lab.open import connect_asyncio as connect

__all__ = ["connect"]
