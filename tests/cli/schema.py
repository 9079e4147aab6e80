"""docs/importcli-schema.json against what importcli writes: every value of a transcript that was asked for as JSON."""
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../..")
sys.path.insert(0, os.path.join(HERE, "../daemon"))

from openapi import TYPES, KEYWORDS, Mismatch, OpenApi  # noqa: E402

TYPES.setdefault("number", lambda v: isinstance(v, (int, float)) and not isinstance(v, bool))
KEYWORDS.update(("$schema", "$defs"))


def load():
    with open(os.path.join(ROOT, "docs/importcli-schema.json"), encoding="utf-8") as file:
        return json.loads(file.read().replace('"openapi.yaml#/', '"#/'))


class Schema(OpenApi):
    """The API's description with the tool's definitions beside it; `covered`: those that a value was held against."""

    def __init__(self):
        super().__init__()
        self.commands = load()["$defs"]
        self.document = {**self.document, "$defs": self.commands}
        self.covered = set()

    def command_of(self, words):
        """"import list db1" -> import_list; None: no command is named."""
        names = [word for word in words.split() if not word.startswith("-") and word not in ("json", "text")]
        if names[-1:] == ["help"]:
            return "help"
        for count in (2, 1):
            if "_".join(names[:count]) in self.commands:
                return "_".join(names[:count])
        return None

    def check_value(self, words, value):
        is_problem = isinstance(value, dict) and str(value.get("type", "")).startswith("urn:dm-import:error:")
        name = "problem" if is_problem else self.command_of(words)
        if name is None:
            raise Mismatch(f"importcli {words}: has no schema")
        self.validate({"$ref": f"#/$defs/{name}"}, value, f"importcli {words}")
        self.covered.add(name)

    def check_transcript(self, text):
        """All that was asked for as JSON in a golden text; text on standard error before the value is skipped."""
        for words, output in re.findall(r"^\$ importcli (.*)\n((?:(?!\$ importcli ).*\n?)*)", text, flags=re.M):
            if not re.search(r"--output[ =]json(?!\S)", words):
                continue
            begin = re.search(r"^\{", output, flags=re.M)
            if not begin:
                raise Mismatch(f"importcli {words}: wrote no JSON")
            rest = output[begin.start():]
            while rest.startswith("{"):
                value, end = json.JSONDecoder().raw_decode(rest)
                self.check_value(words, value)
                rest = rest[end:].lstrip("\n")


schema = Schema()


def every_command(help_json):
    """Each command that there is has a definition, and each definition a command; each was held against a value."""
    names = {command["name"].replace(" ", "_") for command in json.loads(help_json)["commands"]} | {"problem"}
    complaints = [f"docs/importcli-schema.json lacks {name}" for name in sorted(names - set(schema.commands))]
    complaints += [f"docs/importcli-schema.json has {name}, and importcli has not" for name in sorted(set(schema.commands) - names)]
    return complaints + [f"no case has {name} as JSON" for name in sorted(set(schema.commands) - schema.covered)]


def notices():
    """What is not as described is noticed."""
    good = '$ importcli log_level --output json\n{ "log_level": 2 }\n'
    schema.check_transcript(good)
    for wrong in (good.replace("2", '"2"'), good.replace("2", "4"), good.replace("log_level\"", "level\""),
                  good.replace(" }", ', "more": 1 }'), good.replace("log_level --", "server_port --"),
                  good.replace("{", "done {"), good.replace("log_level --", "frobnicate --")):
        try:
            schema.check_transcript(wrong)
        except Mismatch:
            continue
        raise AssertionError(f"not noticed: {wrong}")
