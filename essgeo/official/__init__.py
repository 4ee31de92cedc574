"""Official sources: what there is, where its current file is, the copy of it on this disk, and the layers made of it.

On the way of a file: ``catalogue`` names the sources, ``http`` asks for a file, ``formats`` and ``archives`` look into
it, ``store`` keeps the last good copy, ``fetch`` finds the current one and joins them (``check`` only looks). On the
way of a layer: ``census``, ``readers`` and ``sirene`` read what a publisher writes, large files by ``scan``, ``live``
falls back where a file fails, ``live_layers`` makes the layers of a territory, ``declare`` a territory of a list of
communes.
"""
