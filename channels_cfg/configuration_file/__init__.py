"""The configuration as one YAML file, and parts of it as tables: exported, planned, applied.

``reading`` and ``tables`` make nodes of files, ``sections`` and ``entries`` say what may stand in them,
``current_settings`` describes what is set now in the same terms. ``planning`` compares the two: a ``draft`` is read
(``record_reading``) and checked (``record_checks``, ``uniqueness``, ``permissions``, ``removals``, ``key_effects``)
and becomes a ``plan``. ``wording`` tells it, ``waiting`` keeps it, ``applying`` does it, ``writing`` and
``table_writing`` export.
"""
