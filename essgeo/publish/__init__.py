"""Tables, layers and descriptions of a study as files."""

from essgeo.publish.export import export

__all__ = ["export"]
