"""The configuration as one YAML file, and parts of it as tables: exported, planned, applied.

``reading`` and ``tables`` make nodes of files, ``sections`` says what may stand in them, ``state`` describes what is
set now in the same terms, ``planning`` compares the two, ``wording`` tells it, ``applying`` does it, ``writing``
exports.
"""
