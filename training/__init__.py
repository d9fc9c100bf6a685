"""Corpus, language model and intent trainer: everything that makes a model artefact."""
