"""Official sources: what there is, where its current file is, the copy of it on this disk, and the layers made of it.

On the way of a file: ``catalogue`` names the sources, ``resolve`` finds the current file, ``http`` asks for it,
``formats`` and ``archives`` look into it, ``store`` keeps the last good copy, ``fetch`` joins them (``check`` only
looks). On the way of a layer: ``census``, ``readers`` and ``sirene`` read what a publisher writes, ``live`` falls back
where a file fails, ``live_layers`` makes the layers of a territory, ``declare`` a territory of a list of communes.
"""
