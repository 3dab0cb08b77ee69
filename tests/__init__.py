"""Tests; their folders mirror the project."""
