"""Pain points and delights, as data: packs of entries, and the phrases that name them."""

from streams.catalog.catalog import Catalog, CatalogError, Catalogs, load_pack, pack_names, shared_words
from streams.catalog.entries import Entry

__all__ = ["Catalog", "CatalogError", "Catalogs", "Entry", "load_pack", "pack_names", "shared_words"]
