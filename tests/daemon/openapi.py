"""
docs/openapi.yaml against reality: a validator for the part of JSON Schema that the file uses, and a record of which
paths and statuses were seen. Usable from other tests too: api.check(method, path, status, type, body).
"""
import os
import re

import yaml

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


class Mismatch(AssertionError):
    pass


TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "null": lambda v: v is None,
}
KEYWORDS = {"type", "required", "properties", "additionalProperties", "items", "enum", "pattern", "minimum", "maximum",
            "minItems", "maxItems", "oneOf", "$ref", "description", "default"}


with open(os.path.join(ROOT, "docs", "openapi.yaml"), encoding="utf-8") as _file:
    DOCUMENT = yaml.safe_load(_file)


class OpenApi:
    def __init__(self):
        self.document = DOCUMENT
        self.seen = set()  # (method, path template, status as it is in the file)

    def resolve(self, node):
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].lstrip("#/").split("/"):
                target = target[part]
            node = target
        return node

    def validate(self, schema, value, where="body"):
        """Stricter than JSON Schema in one thing: an answer must not have fields that are not described."""
        schema = self.resolve(schema)
        unknown = set(schema) - KEYWORDS
        if unknown:
            raise Mismatch(f"{where}: this validator does not know {unknown}")
        if "oneOf" in schema:
            fitting = [s for s in schema["oneOf"] if self.fits(s, value, where)]
            if len(fitting) != 1:
                raise Mismatch(f"{where}: {len(fitting)} of oneOf fit {value!r}")
            return
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if types and not any(TYPES[t](value) for t in types):
            raise Mismatch(f"{where}: {value!r} is not {types}")
        if "enum" in schema and value not in schema["enum"]:
            raise Mismatch(f"{where}: {value!r} is not among {schema['enum']}")
        if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
            raise Mismatch(f"{where}: {value!r} does not match {schema['pattern']}")
        if TYPES["integer"](value):
            if value < schema.get("minimum", value) or value > schema.get("maximum", value):
                raise Mismatch(f"{where}: {value} is out of range")
        if isinstance(value, dict):
            self.validate_object(schema, value, where)
        if isinstance(value, list):
            if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
                raise Mismatch(f"{where}: {len(value)} items")
            for i, item in enumerate(value):
                self.validate(schema.get("items", {}), item, f"{where}[{i}]")

    def validate_object(self, schema, value, where):
        properties = schema.get("properties", {})
        others = schema.get("additionalProperties", False)
        for name in schema.get("required", []):
            if name not in value:
                raise Mismatch(f"{where}: lacks '{name}'")
        for name, member in value.items():
            if name in properties:
                self.validate(properties[name], member, f"{where}.{name}")
            elif isinstance(others, dict):
                self.validate(others, member, f"{where}.{name}")
            else:
                raise Mismatch(f"{where}: '{name}' is not described")

    def fits(self, schema, value, where):
        try:
            self.validate(schema, value, where)
            return True
        except Mismatch:
            return False

    def template(self, path):
        """The path template that a path (without query, under the base path) belongs to, or None."""
        path = path.split("?")[0] or "/"
        for template in sorted(self.document["paths"], key=lambda t: t.count("{")):
            pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
            if re.fullmatch(pattern, path):
                return template
        return None

    def check(self, method, path, status, content_type, body):
        """An answer of the agent: is it described, and is it as described? `body` is parsed JSON, or text."""
        template = self.template(path)
        operation = self.document["paths"].get(template, {}).get(method.lower())
        if operation is None:
            if status < 400:
                raise Mismatch(f"{method} {path}: answered {status}, but is not in openapi.yaml")
            self.validate({"$ref": "#/components/schemas/Problem"}, body, f"{method} {path} {status}")
            return
        responses = operation["responses"]
        key = str(status) if str(status) in responses else "default"
        if key == "default" and status < 400:
            raise Mismatch(f"{method} {path}: status {status} is not in openapi.yaml")
        self.seen.add((method, template, key))
        content = self.resolve(responses[key]).get("content")
        where = f"{method} {path} {status}"
        if not content:
            if body not in ("", None):
                raise Mismatch(f"{where}: has a body")
            return
        media = (content_type or "").split(";")[0]
        if media not in content:
            raise Mismatch(f"{where}: content type {content_type}")
        self.validate(content[media]["schema"], body, where)
        if status >= 400 and body["status"] != status:
            raise Mismatch(f"{where}: the problem says status {body['status']}")

    def operations(self):
        """(method, path template, statuses) of all there is."""
        for template, item in self.document["paths"].items():
            for method, operation in item.items():
                if method != "parameters":
                    yield method.upper(), template, list(operation["responses"])

    def unseen(self):
        """What no answer covered; `default` counts as covered once for the file."""
        missing = [(m, t, s) for m, t, statuses in self.operations() for s in statuses
                   if s != "default" and (m, t, s) not in self.seen]
        if not any(s == "default" for _, _, s in self.seen):
            missing.append(("any", "any", "default"))
        return missing


api = OpenApi()
