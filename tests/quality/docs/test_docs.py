# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The generated documents are up to date, and every case of an owner's board has a test."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
import yaml
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _docs
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility
from quality import generate_docs
from quality.generate import boards, variables
from quality.generate import compatibility as compatibility_document

BLOB = "https://github.com/rkfleet/npu/blob/main/"
ROLES = sorted(path.parts[-3] for path in generate_docs.ROOT.glob("roles/*/meta/argument_specs.yml"))


@pytest.mark.parametrize("name", [
    "docs/compatibility.md", "docs/boards.md", "docs/demo.svg", "docs/fleet.schema.json",
    "docs/troubleshooting.md",
    *(f"roles/{role}/README.md" for role in ROLES)])
def test_generated_document_is_up_to_date(root, name):
    path = root / name
    assert path.exists(), name
    assert path.read_text(encoding="utf-8") == generate_docs.generated(root)[name], f"{name} is stale: make docs"


def test_a_roles_table_of_variables_follows_its_argument_specification(tmp_path):
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta/argument_specs.yml").write_text("""
argument_specs:
  main:
    options:
      npu_one: {type: bool, default: true, description: "Whether V(a || b) holds, see L(x,DOCS/y.md#z)."}
  later:
    options:
      npu_two: {type: str, default: "", description: [As O(npu_one)., 'In P(rkfleet.npu.driver#role).']}
""".replace("DOCS", _docs.DOCUMENTATION))
    readme = tmp_path / "README.md"
    readme.write_text("# x\n")
    with pytest.raises(ValueError, match="required"):
        variables.readme(tmp_path)
    readme.write_text(f"# x\n{variables.BEGIN}\nstale\n{variables.END}\nkept\n")
    assert variables.readme(tmp_path) == f"""# x
{variables.BEGIN}
| variable | default | description |
|---|---|---|
| `npu_one` | `true` | Whether `a \\|\\| b` holds, see [x](../../docs/y.md#z). |
| `npu_two` |  | For `tasks_from: later`. As `npu_one`. In [driver](../driver/README.md). |
{variables.END}
kept
"""


def test_messages_link_to_the_published_documentation(root, project_files):
    """A path such as docs/rollback.md is of no use to the user of an installed collection."""
    galaxy = yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))
    assert galaxy["documentation"] == _docs.DOCUMENTATION
    pages = {_docs.TROUBLESHOOTING.removeprefix(_docs.DOCUMENTATION)}
    for name in project_files:
        if re.match(r"(plugins/.*\.py|roles/.*/tasks/.*|playbooks/.*\.yml)$", name):
            lines = (root / name).read_text(encoding="utf-8").split("\n")
            text = "\n".join(line for line in lines if not line.lstrip().startswith(("#", '"""')))
            pages.update(re.findall(re.escape(_docs.DOCUMENTATION) + r"(/[\w-]+\.md)", text))
            assert not re.search(r"(?<!main/)docs/[\w-]+\.md", text), name
    assert [page for page in sorted(pages) if not (root / "docs" / page[1:]).exists()] == []


def test_examples_of_what_an_inventory_may_say_are_sound():
    blocks = re.findall(r"```yaml\n(.*?)```", compatibility_document.EXTEND, re.DOTALL)
    assert blocks
    for block in blocks:
        data = compatibility.merged(yaml.safe_load(block)["npu_compatibility"])
        assert compatibility.validate(data) == [], block
        assert data != compatibility.load(), block


def test_no_case_is_untested(root):
    assert not boards.untested(boards.cases(root))


def test_a_case_without_a_test_is_found():
    assert len(boards.untested({})) == len(boards.REQUIRED)
    found = {("mainline 6.18 with rocket bound", "unsupported", "said"): [("tests/unit/test_x.py", "test_x")]}
    assert "mainline with rocket bound" not in boards.untested(found)


MODULE = '''
import pytest

TABLE = [pytest.param(1, marks=pytest.mark.case(case="b | c", plan="dkms", result="r"))]


@pytest.mark.case(case="a", plan="none", result="left alone")
def test_one():
    pass


@pytest.mark.parametrize("x", TABLE)
def test_two(x):
    pass
'''


def test_marks_are_read_and_not_run(tmp_path):
    path = tmp_path / "tests/unit/test_x.py"
    path.parent.mkdir(parents=True)
    path.write_text(MODULE)
    found = boards.cases(tmp_path)
    assert found == {
        ("a", "none", "left alone"): [("tests/unit/test_x.py", "test_one")],
        ("b | c", "dkms", "r"): [("tests/unit/test_x.py", "test_two")],
    }
    row = f"| b \\| c | dkms | r | recorded facts: [`test_two`]({BLOB}tests/unit/test_x.py) |"
    assert row in boards.boards(found)


@pytest.mark.parametrize("mark", [
    'case="a"', '"a", plan="b", result="c"', 'case=x, plan="b", result="c"', 'case=" ", plan="b", result="c"'])
def test_a_mark_that_cannot_be_read_is_an_error(tmp_path, mark):
    path = tmp_path / "test_x.py"
    path.write_text(f"@pytest.mark.case({mark})\ndef test_one(): pass\n")
    with pytest.raises(ValueError, match="plain string"):
        boards.marks(path)


def anchors(path):
    """Return the anchors of a document's headings, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*?)\s*$", text, re.MULTILINE)
    plain = [re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def dead_links(root, path):
    """Return the relative links of a document that lead nowhere."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        target, anchor = link.partition("#")[::2]
        file = (path.parent / target).resolve() if target else path
        if re.match(r"\w+:", link) or link in dead:
            continue
        if not file.exists() or not file.is_relative_to(root) or (anchor and anchor not in anchors(file)):
            dead.append(link)
    return dead


def documents(root, project_files):
    """Return the project's documents, without the changelog, which is generated."""
    return [root / name for name in project_files if name.endswith(".md") and name != "CHANGELOG.md"]


def test_every_link_leads_somewhere(root, project_files):
    dead = {str(path.relative_to(root)): dead_links(root, path) for path in documents(root, project_files)}
    assert not {name: links for name, links in dead.items() if links}


def test_a_dead_link_is_found(tmp_path):
    links = "[a](#a-b-c) [b](#b) [c](x.md) [d](y.md#z) [e](https://x.y/z) `[f](f.md)` [g](#no-heading)"
    (tmp_path / "x.md").write_text(f"# A `b`: c\n{links}\n```\n# no heading\n```\n")
    (tmp_path / "y.md").write_text("## Z\n")
    assert dead_links(tmp_path, tmp_path / "x.md") == ["#b", "#no-heading"]


def test_links_of_the_installed_documents_lead_somewhere(root, project_files):
    """What the artefact leaves out is linked at its public place, and exists there."""
    ignored = yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]

    def is_installed(path):
        return path.parts[0] not in ignored

    astray = []
    for document in documents(root, project_files):
        name = document.relative_to(root)
        for link in re.findall(r"\]\(([^)\s#]+)", document.read_text(encoding="utf-8")) if is_installed(name) else ():
            path = root / link.removeprefix(BLOB) if link.startswith(BLOB) else (document.parent / link).resolve()
            missing = link.startswith(BLOB) and not path.exists()
            if missing or (not re.match(r"\w+:", link) and not is_installed(path.relative_to(root))):
                astray.append((str(name), link))
    assert not astray


# Where newcomers are sent.
GUIDES = ["CONTRIBUTING.md", "docs/architecture.md", "tests/README.md"]


@pytest.mark.parametrize("name", GUIDES)
def test_every_path_in_the_guides_exists(root, name):
    told = re.findall(r"`((?:plugins|roles|tests|docs|changelogs|playbooks)/[\w./-]*)`", (root / name).read_text())
    told = [path for path in told if not re.search(r"\b[A-Z]{4,}", path)]
    assert not {path for path in told if not (root / path).exists()}


def test_architecture_names_every_package(root):
    folders = {path.name for side in ("module_utils", "plugin_utils") for path in (root / "plugins" / side).glob("_*/")}
    named = re.findall(r"^\| `(_\w+)` \|", (root / "docs/architecture.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert folders - {"__pycache__"} == set(named)


@pytest.fixture(scope="module")
def modules(root):
    """The documentation of all modules, with their fragments, as ansible-doc has it."""
    names = sorted(f"rkfleet.npu.{path.stem}" for path in (root / "plugins/modules").glob("*.py"))
    command = ["ansible-doc", "--json", "-t", "module", *names]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout)
    assert sorted(found) == names
    return found


def test_every_module_states_its_requirements_and_attributes(modules):
    for name, entry in modules.items():
        doc = entry["doc"]
        assert "ansible-core 2.18 or newer on the controller" in doc["requirements"], name
        on_board = any(text.startswith("Python 3.9 or newer on the board") for text in doc["requirements"])
        on_controller = doc["attributes"]["platform"].get("details", "").startswith("Runs on the controller")
        assert on_board or on_controller or name in ("rkfleet.npu.npu_reboot", "rkfleet.npu.npu_store_info"), name
        assert {"check_mode", "diff_mode", "idempotent", "platform"} <= set(doc["attributes"]), name


def test_facts_are_returned_by_modules_whose_name_says_so(modules):
    for name, entry in modules.items():
        returned = set(entry["return"] or ())
        assert (returned == {"ansible_facts"}) is name.endswith("_facts"), name
        assert name.endswith("_facts") or "ansible_facts" not in returned, name


def test_modules_that_only_gather_are_named_info(modules):
    for name, entry in modules.items():
        if name.endswith("_info"):
            assert entry["doc"]["attributes"]["check_mode"]["support"] == "full", name
            assert entry["doc"]["attributes"]["diff_mode"]["support"] == "N/A", name
