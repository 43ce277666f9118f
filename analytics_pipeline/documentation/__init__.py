"""The documents that follow from declarations: events, formats, metrics and settings in docs/.

Run ``python -m analytics_pipeline.documentation`` to write them anew.
"""
