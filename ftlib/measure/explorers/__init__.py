"""Explorers: pictures that follow a slider, drawn as SVG text by plain Python.

One file for each explorer (``threshold``, ``confusion``, ``reader``, ``freezing``), and
under them ``base`` (what they share), ``parts`` (panel, table), ``svg`` (drawing) and
``style`` (colours). Use them through ``ftlib.measure``.
"""
