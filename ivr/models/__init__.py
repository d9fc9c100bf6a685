"""The runtime of trained models: recognisers, voice activity, the intent classifier, artefacts."""
