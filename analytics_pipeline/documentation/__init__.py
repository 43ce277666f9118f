"""The documents that follow from declarations: docs/events.md, docs/formats.md, docs/settings.md.

Run ``python -m analytics_pipeline.documentation`` to write them anew.
"""
