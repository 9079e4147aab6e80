"""dm-import-metrics(7) against the running agent: every metric, with its type and its labels, and nothing else."""
import os
import re
import subprocess
import unittest

from agentlib import OUT, Agent
from openapi import ROOT

PAGE = os.path.join(ROOT, "man", "dm-import-metrics.7")


def documented(page):
    """{name: (type, {label, ...})} of the page's list."""
    found = re.findall(r"^\.It Sy (\w+) Pq (\w+)(?:: (.*))?$", page, flags=re.M)
    return {name: (kind, set(filter(None, labels.split(", ")))) for name, kind, labels in found}


def given(text):
    """The same of Prometheus' text."""
    types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, flags=re.M))
    helped = set(re.findall(r"^# HELP (\w+) \S", text, flags=re.M))
    labels = {}
    for name, part in re.findall(r"^(\w+)(?:\{(.*)\})? [0-9.-]+$", text, flags=re.M):
        labels.setdefault(name, set()).update(re.findall(r'(\w+)="', part))
    assert set(types) == helped == set(labels), (types, helped, labels)
    return {name: (types[name], labels[name]) for name in types}


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.agent = Agent()
        cls.agent.new_import("db1")
        cls.text = cls.agent.tls("GET", "/metrics").body

    @classmethod
    def tearDownClass(cls):
        cls.agent.close()

    def test_page_says_what_the_agent_gives(self):
        with open(PAGE, encoding="utf-8") as file:
            page = file.read()
        self.assertEqual(documented(page), given(self.text))
        for wrong in (page.replace("jobs_waiting Pq", "jobs_queued Pq"), page.replace("gauge: state", "gauge: states"),
                      page.replace("jobs_total Pq counter", "jobs_total Pq gauge")):
            self.assertNotEqual(documented(wrong), given(self.text))

    def test_labels_that_the_page_names(self):
        for kind in ("refresh", "recover"):
            self.assertIn(f'dm_import_jobs_total{{kind="{kind}",state="failed"}} 0', self.text)
        for state in ("needs_attention", "recovering", "held"):
            self.assertIn(f'dm_import_imports{{state="{state}"}} 0', self.text)
        self.assertIn('dm_import_imports{state="new"} 1', self.text)

    def test_importcli_shows_the_same(self):
        seen = subprocess.run([os.path.join(OUT, "importcli"), "--socket", self.agent.socket, "metrics"], capture_output=True,
                              text=True, check=True)
        self.assertEqual(given(seen.stdout), given(self.text))
