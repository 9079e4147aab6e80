"""Comes last: every path and every status of docs/openapi.yaml was seen in an answer of the running agent."""
import unittest

from openapi import api


class Coverage(unittest.TestCase):
    def test_everything_was_seen(self):
        self.assertEqual(api.unseen(), [])
