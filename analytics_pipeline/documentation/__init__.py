"""The documents in docs/ that follow from declarations: of alert rules, events, formats and so on.

Run ``python -m analytics_pipeline.documentation`` to write them anew.
"""
