"""Scenarios that are written in the app: files that the command line runs as they stand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scenarios.display import drafted
from scenarios.drafting import drafts, presets
from scenarios.drafting.drafts import Draft
from scenarios.errors import ScenarioError
from scenarios.load import load_scenario, scenario_names

DRAFT = Draft(
    name="more_evenings",
    title="More evenings",
    question="Do they help?",
    change={
        "calendar.weeks": 26,
        "regime.added_sessions": [
            {"where": {}, "days": ["tue"], "start": "18:00", "end": "19:30", "open_tables": 12}
        ],
    },
)


def test_kept_draft_is_the_scenario_of_its_file(tmp_path: Path) -> None:
    path = drafts.save_draft(tmp_path, DRAFT)
    assert path == tmp_path / ".scenarios" / "more_evenings.yaml"
    scenario = load_scenario(path)
    assert scenario.title == "More evenings"
    assert scenario.calendar.weeks == 26
    assert scenario.regime.added_sessions[0].start == "18:00"
    assert drafts.drafts(tmp_path) == [DRAFT]
    assert [file.name for file in path.parent.iterdir()] == ["more_evenings.yaml"]


@pytest.mark.parametrize("name", [name for name in scenario_names() if name != "baseline"])
def test_built_in_scenario_stays_the_same_when_it_is_written_again(
    name: str, tmp_path: Path
) -> None:
    found = drafts.built_in(name)
    path = drafts.save_draft(tmp_path, drafts.duplicate(tmp_path, found))
    one, other = load_scenario(name), load_scenario(path)
    assert one.digest() == other.digest()
    cells, rest = presets.split_by_prison(found.change)
    again = presets.joined(presets.change_by_prison(cells), rest)
    told = Draft(name="a", title="A", question="Q", change=again)
    assert drafts.checked(told).digest() == one.digest()


DEEP = 30_000


@pytest.mark.parametrize(
    "value",
    ["[" * DEEP + "]" * DEEP, "{a: " * DEEP + "1" + "}" * DEEP, "- " * DEEP + "x"],
    ids=["lists", "mappings", "lines"],
)
def test_values_that_lie_very_deep_are_refused_and_end_no_process(value: str) -> None:
    """Read in a process of its own: what is told here once ended the whole app."""
    said = (
        "import sys\n"
        "from scenarios.drafting import drafts\n"
        "from scenarios.errors import ScenarioError\n"
        "value = sys.stdin.read()\n"
        "try:\n"
        "    text = f'title: A\\nquestion: Q\\nchange:\\n  {value}\\n'\n"
        "    drafts.from_file('deep.yaml', text.encode())\n"
        "except ScenarioError as error:\n"
        "    print(error)\n"
        "print(drafts.parsed('regime.added_sessions', value)[0][:40])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", said], input=value, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "deep.yaml line 4: not plain YAML: values lie more than 30 deep" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("regime.added_sessions: '")


def test_every_fault_is_told_in_one_report() -> None:
    change: dict[str, Any] = {
        "calendar.weeks": 0,
        "regime.vido": 3,
        "regime.added_sessions": [{"where": {}, "days": ["xyz"]}],
    }
    told = drafts.faults(Draft(name="a", title="A", question="Q", change=change))
    assert len(told) >= 3
    assert any("outside 1 to 520" in each for each in told)
    assert any("no setting 'regime.vido'" in each for each in told)


def test_draft_that_changes_nothing_is_the_baseline() -> None:
    assert drafts.faults(Draft(name="a", title="A", question="Q")) == (drafts.NOTHING_CHANGED,)


@pytest.mark.parametrize("name", ["../x", "", "A", "a/b", "x" * 41, "closer_to_home", ".hidden"])
def test_name_that_cannot_be_a_file_of_its_own_is_refused(name: str, tmp_path: Path) -> None:
    assert drafts.name_faults(name)
    with pytest.raises(ScenarioError):
        drafts.save_draft(tmp_path, Draft(name=name, title="A", question="Q", change=DRAFT.change))
    assert not (tmp_path / ".scenarios").exists()
    drafts.delete_draft(tmp_path, name)


@given(st.text())
def test_any_words_make_a_name_that_can_be_used(words: str) -> None:
    assert drafts.NAME.fullmatch(drafts.proper_name(words))


def test_copy_has_a_name_of_its_own(tmp_path: Path) -> None:
    drafts.save_draft(tmp_path, DRAFT)
    first = drafts.duplicate(tmp_path, DRAFT)
    drafts.save_draft(tmp_path, first)
    second = drafts.duplicate(tmp_path, DRAFT)
    assert [first.name, second.name] == ["more_evenings_2", "more_evenings_3"]
    drafts.delete_draft(tmp_path, first.name)
    assert [each.name for each in drafts.drafts(tmp_path)] == ["more_evenings"]


def test_file_that_is_handed_in_is_read_as_it_was_taken_out() -> None:
    text = drafts.draft_text(DRAFT)
    assert drafts.from_file("more_evenings.yaml", text.encode()) == DRAFT


BOMB = (
    "title: A\nquestion: Q\nchange:\n  a: &a [x, x, x, x, x, x, x, x, x]\n"
    "  b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n  c: [*b, *b, *b, *b, *b]\n"
)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"x" * (drafts.LARGEST + 1), "at most"),
        (b"title: [", "not plain YAML"),
        (b"", "empty"),
        (b"- 1", "expected 'key: value'"),
        (b"title: !!python/object/apply:os.system ['true']", "not plain YAML"),
        (BOMB.encode(), "anchor"),
        (b"title: A\nquestion: Q\nchange: {calendar.weeks: 0}", "outside 1 to 520"),
        (b"title: A\nquestion: Q\nparent: closer_to_home\nchange: {}", "parent"),
    ],
)
def test_hostile_or_faulty_file_is_refused_with_what_is_wrong(content: bytes, words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        drafts.from_file("../../etc/x.yaml", content)


def test_value_of_a_setting_is_read_and_checked() -> None:
    assert drafts.parsed("placements", "optimised") == (None, "optimised")
    assert drafts.parsed("calendar.weeks", "[")[0] is not None
    assert drafts.parsed("calendar.weeks", "many")[0] is not None


def extremes(control: presets.Control) -> list[Any]:
    if isinstance(control.value, tuple):
        return [control.options[:1], control.options]
    return list(control.options) or [control.low, control.high]


@pytest.mark.parametrize("preset", presets.PRESETS, ids=lambda preset: preset.key)
def test_every_question_makes_a_scenario_at_the_ends_of_its_controls(
    preset: presets.Preset,
) -> None:
    assert len(preset.controls) <= 3
    chosen = [preset.begun()] + [
        preset.begun() | {control.key: value}
        for control in preset.controls
        for value in extremes(control)
    ]
    for each in chosen:
        draft = Draft(name="a", title="A", question="Q", change=preset.change(each))
        assert drafts.faults(draft) in ((), (drafts.NOTHING_CHANGED,))


CODES = ("LEI", "LPI", "MRI", "WEI")


def values(column: str) -> st.SearchStrategy[float]:
    low, high = drafted.RANGES[column]
    return st.integers(int(low), int(high)).map(float)


CELLS = st.dictionaries(
    st.sampled_from(CODES),
    st.fixed_dictionaries(
        {}, optional={column: values(column) for column in presets.BY_PRISON}
    ).filter(bool),
)


@given(CELLS)
def test_table_of_prisons_comes_back_from_the_edits_it_makes(
    cells: dict[str, dict[str, float]],
) -> None:
    assert presets.split_by_prison(presets.change_by_prison(cells)) == (cells, {})


WHERE = st.one_of(
    st.just({}),
    st.lists(st.sampled_from(CODES), min_size=1, max_size=3).map(
        lambda codes: {"establishment": codes}
    ),
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "video.stations": st.lists(
            st.tuples(WHERE, st.sampled_from(("add", "multiply")), st.integers(1, 3)).map(
                lambda edit: {"where": edit[0], edit[1]: edit[2]}
            ),
            min_size=1,
            max_size=4,
        ),
        "workers": st.lists(
            st.tuples(WHERE, st.sampled_from(("casework", "welfare"))).map(
                lambda edit: {"where": edit[0], "line": edit[1], "add_fte": 1.5}
            ),
            min_size=1,
            max_size=3,
        ),
        "calendar.weeks": st.just(26),
    },
)


@given(CHANGES)
@example(
    {
        "video.stations": [
            {"where": {"establishment": ["LEI"]}, "add": 2},
            {"where": {"establishment": ["LEI"]}, "add": 3},
        ]
    }
)
@example(
    {
        "video.stations": [
            {"where": {}, "multiply": 2},
            {"where": {"establishment": ["LEI"]}, "add": 2},
        ]
    }
)
def test_reopened_scenario_keeps_every_edit_in_its_order(change: dict[str, Any]) -> None:
    cells, rest = presets.split_by_prison(change)
    assert presets.joined(presets.change_by_prison(cells), rest) == change


@given(CELLS)
def test_table_of_prisons_comes_back_from_its_file(cells: dict[str, dict[str, float]]) -> None:
    import pandas as pd

    establishments = pd.DataFrame(
        {
            "establishment": CODES,
            "name": ["=1+1", "B, C", "D", "E"],
            "sex": "men",
            "security": "B",
            "operational_capacity": 5,
        }
    )
    rows = drafted.prison_rows(establishments, cells)
    assert drafted.cells_of(rows) == cells
    read = drafted.read_prisons("prisons.csv", drafted.prisons_file(rows), CODES)
    assert read == cells


def test_faults_of_a_table_of_prisons_are_told_together() -> None:
    content = (
        b"establishment,video_stations,weekend_percent,colour\n"
        b"LEI,1.5,abc,red\nZZZ,1,,\nLEI,2,9999,\n"
    )
    with pytest.raises(ScenarioError) as told:
        drafted.read_prisons("p.csv", content, CODES)
    said = "\n".join(told.value.problems)
    for words in (
        "no column 'colour'",
        "row 3: no prison 'ZZZ'",
        "LEI is there twice",
        "found '1.5'; give a whole number",
        "found 'abc'; give a number from 0 to 500",
        "found '9999'",
    ):
        assert words in said


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\xff", b"a,b\n1,2\n", b"x" * 300_000])
def test_file_that_is_no_table_of_prisons_is_refused(content: bytes) -> None:
    with pytest.raises(ScenarioError):
        drafted.read_prisons("p.csv", content, CODES)


@pytest.mark.parametrize("lever", presets.LEVERS, ids=lambda lever: lever.preset)
def test_lever_makes_a_scenario_at_every_end_and_nothing_where_all_stays(
    lever: presets.Lever,
) -> None:
    at = "Women's prisons"
    still = lever.control.options[0] if lever.control.options else lever.control.low
    assert presets.moved(lever, still, at) is None
    assert lever.control.value == still
    for value in extremes(lever.control):
        asked = presets.moved(lever, value, at)
        if asked is None:
            assert value == still
            continue
        draft = Draft(name="a", title=asked.told, question="Q", change=asked.change)
        assert drafts.faults(draft) == ()
        assert [edit["where"] for edits in asked.change.values() for edit in edits] == [
            {"sex": "women"}
        ]


@pytest.mark.parametrize("key", ["evening", "weekend"])
def test_a_question_with_no_day_chosen_changes_nothing(key: str) -> None:
    """In a scenario no day stands for every day, so weekends alone must not become the week."""
    question = presets.preset(key)
    assert question.change(question.begun() | {"days": ()}) == {}


def test_levers_change_different_settings() -> None:
    most = [extremes(lever.control)[-1] for lever in presets.LEVERS]
    pairs = zip(presets.LEVERS, most, strict=True)
    asked = [presets.moved(lever, value, "Every prison") for lever, value in pairs]
    named = [setting for each in asked if each for setting in each.change]
    assert len(named) == len(set(named)) == len(presets.LEVERS)


def test_evenings_are_added_on_the_days_of_the_week_in_order() -> None:
    asked = presets.moved(presets.LEVERS[0], 3, "Every prison")
    assert asked is not None
    assert asked.change["regime.added_sessions"][0]["days"] == ["tue", "wed", "thu"]


def test_moves_online_begin_before_the_first_simulated_day() -> None:
    line = presets.preset("line")
    change = line.change(line.begun() | {"online": 40})
    (move,) = change["line.online"]
    calendar = load_scenario("baseline").calendar
    assert calendar.day_of(move["first_date"]) <= 0
    assert move["share"] == 0.4
