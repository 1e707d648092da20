#!/usr/bin/python3
"""Holds packaging/examples to what their readers take: yamllint, ansible-lint, cloud-init's schema, Kubernetes' own types, our settings.

check_examples.py [BUILD_FOLDER]      default build/release, whose capmap-agent is asked about settings and flags
CLOUD_INIT_SCHEMA names cloud-init's schema file where that package is not installed.
Exit: 0 so, 1 not; what cannot be tried here is said.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
EXAMPLES = os.path.join(ROOT, "packaging/examples")
BUILD = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build/release"))
SCHEMA = "/usr/lib/python3/dist-packages/cloudinit/config/schemas/schema-cloud-config-v1.json"
YAMLLINT = ("{extends: default, rules: {line-length: {max: 150}, document-start: disable, braces: {max-spaces-inside: 0}, "
            "comments: {require-starting-space: false}}}")
bad = []


def run(what, command, folder=EXAMPLES):
    """Runs a checker that may be absent; its complaints are ours."""
    if not shutil.which(command[0]):
        print(f"{what}: not tried: {command[0]} is not installed")
        return ""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        bad.append(f"{what}: {done.stdout}{done.stderr}")
    else:
        print(f"{what}: good")
    return done.stdout


def check_kubernetes(text):
    """Every field of the manifests is one of Kubernetes' types, and what these require is there."""
    try:
        from kubernetes.client import models
    except ImportError:
        print("kubernetes' types: not tried: python3-kubernetes is not installed")
        return
    kinds = {"DaemonSet": "V1DaemonSet", "Namespace": "V1Namespace"}

    def check(value, kind, path):
        of_list, of_map = re.fullmatch(r"list\[(.*)\]", kind), re.fullmatch(r"dict\(str, (.*)\)", kind)
        if of_list or of_map:
            items = enumerate(value) if of_list else value.items()
            for key, one in items:
                check(one, (of_list or of_map)[1], f"{path}.{key}")
            return
        model = getattr(models, kind, None)
        if model is None:
            wanted = {"str": str, "int": int, "bool": bool, "float": (int, float)}.get(kind)
            if wanted and (not isinstance(value, wanted) or (kind == "int" and isinstance(value, bool))):
                bad.append(f"{path}: {value!r} is no {kind}")
            return
        names = {json_name: name for name, json_name in model.attribute_map.items()}
        for key in value:
            if key not in names:
                bad.append(f"{path}.{key}: {kind} has no such field")
        known = {names[key]: one for key, one in value.items() if key in names}
        try:
            model(**known)  # says what is required and not there
        except ValueError as why:
            bad.append(f"{path}: {why}")
        for name, one in known.items():
            check(one, model.openapi_types[name], f"{path}.{model.attribute_map[name]}")

    for document in yaml.safe_load_all(text):
        check(document, kinds[document["kind"]], document["kind"])
    print("kubernetes' types: looked at")


def check_cloud_init():
    path = os.environ.get("CLOUD_INIT_SCHEMA", SCHEMA)
    if not os.path.exists(path):
        print(f"cloud-init's schema: not tried: no {path}; CLOUD_INIT_SCHEMA names another")
        return
    import jsonschema

    with open(path, encoding="utf-8") as file:
        validator = jsonschema.Draft4Validator(json.load(file))
    for name in ("agent.yaml", "controller.yaml"):
        with open(os.path.join(EXAMPLES, "cloud-init", name), encoding="utf-8") as file:
            text = file.read()
        if not text.startswith("#cloud-config\n"):
            bad.append(f"cloud-init/{name}: does not begin with #cloud-config")
        document = yaml.safe_load(text)
        known = set(json.dumps(validator.schema).split('"'))
        for key in document:
            if key not in known:
                bad.append(f"cloud-init/{name}: {key} is no word of its schema")
        for error in validator.iter_errors(document):
            bad.append(f"cloud-init/{name}: {'.'.join(map(str, error.path))}: {error.message}")
        check_settings(name, document)
    print("cloud-init's schema: looked at")


def check_settings(name, document):
    """Settings that an example writes are settings of our programs."""
    for file in document["write_files"]:
        program = {"/etc/capmap/agent.toml": "capmap-agent", "/etc/capmap/controller.toml": "capmap-controller"}.get(file["path"])
        if not program:
            continue
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as settings:
            settings.write(file["content"])
            settings.flush()
            done = subprocess.run([os.path.join(BUILD, program), "--config", settings.name, "--print-config"],
                                  capture_output=True, text=True, check=False)
        if done.returncode != 0:
            bad.append(f"{name}: {program} refuses these settings: {done.stderr}")


def check_flags(text):
    """Flags that the manifests give are flags of the agent."""
    known = subprocess.run([os.path.join(BUILD, "capmap-agent"), "--help"], capture_output=True, text=True, check=False).stdout
    for flag in re.findall(r"^\s*- (--[a-z-]+)=", text, re.M):
        if flag + " " not in known:
            bad.append(f"kubernetes: capmap-agent has no flag {flag}")


run("yamllint", ["yamllint", "-d", YAMLLINT, "."])
run("ansible-lint", ["ansible-lint", "--offline", "-q", "--nocolor"], os.path.join(EXAMPLES, "ansible"))
run("shell", ["bash", "-n", "container/make_rootfs.sh"])
manifests = run("kustomize", ["kubectl", "kustomize", "kubernetes/base"])
if manifests:
    check_kubernetes(manifests)
    check_flags(manifests)
check_cloud_init()
for line in bad:
    print("check_examples:", line)
print("check_examples:", f"{len(bad)} complaints" if bad else "the examples hold")
sys.exit(bool(bad))
