"""Writes the documents that follow from declarations."""

from analytics_pipeline.documentation.documents import write_documents

write_documents()
