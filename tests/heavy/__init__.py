"""Tests of images that take minutes to build: `make test-heavy`."""
