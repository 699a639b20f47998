"""Diagnosis of services that are already broken: what `framelane doctor`, `exec` and `inspect` are made of.

Nothing here is imported by ``import framelane``.
"""
