"""The catalog of public checkpoints: what there is, what is on this disk, how it gets there. Needs no torch.

`resources/catalog.yaml` says what there is; `entries` reads it; `places` says where downloads live; `on_disk` finds
them there or in a cache of huggingface_hub; `download` fetches them. Nothing here opens, or runs, what it fetches.
"""

from speefeare_core.catalog.entries import CatalogFile, Entry, read_catalog
from speefeare_core.catalog.on_disk import OnDisk, find_entry, is_catalog_source, local_path, look

__all__ = [
    "CatalogFile",
    "Entry",
    "OnDisk",
    "find_entry",
    "is_catalog_source",
    "local_path",
    "look",
    "read_catalog",
]
