"""Scenario files: complete, small, and clear when wrong."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
import yaml

from scenarios.baseline import baseline_text
from scenarios.errors import ScenarioError, suggestion
from scenarios.load import every_setting, load_scenario, rows_by_id, scenario_names
from scenarios.plain_yaml import parse
from scenarios.schema import SECTIONS, Scenario
from scenarios.settings import settings

ROOT = Path(__file__).resolve().parents[2]
HEAD = "title: Trial\nquestion: What then?\n"


def write(folder: Path, text: str, name: str = "trial.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def message(folder: Path, text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(write(folder, text))
    return str(caught.value)


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_loads(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.title
    assert scenario.question.endswith("?") or name == "closer_to_home_ceiling"


@pytest.mark.parametrize("name", scenario_names()[1:])
def test_every_scenario_fits_on_one_screen(name: str) -> None:
    lines = (ROOT / "scenarios" / f"{name}.yaml").read_text().splitlines()
    assert len(lines) <= 24
    assert max(len(line) for line in lines) <= 100


def test_the_scenarios_that_come_with_the_model_are_there() -> None:
    assert scenario_names() == [
        "baseline",
        "accumulated_visits",
        "closer_to_home",
        "closer_to_home_ceiling",
        "early_days_everywhere",
        "evening_visits",
        "every_rule",
        "fair_family_workers",
        "family_days",
        "grants_end",
        "help_with_visits",
        "helped_families_ask",
        "moves_by_week",
        "national_booking_2027",
        "online_booking",
        "strict_order",
        "video_full_credit",
        "weekend_tables",
        "worst_tenth",
    ]


def test_every_setting_of_the_baseline_has_its_row_and_the_other_way_round() -> None:
    assert list(every_setting()) == list(_in_order_of_sections())


def _in_order_of_sections() -> list[str]:
    return [name for section in SECTIONS for name in settings() if name.split(".")[0] == section]


def test_every_field_of_a_section_has_its_row() -> None:
    baseline = load_scenario("baseline")
    for section in SECTIONS:
        value = getattr(baseline, section)
        if is_dataclass(value):
            named = {f"{section}.{field.name}" for field in fields(value)}
            assert named == {name for name in settings() if name.startswith(f"{section}.")}


def test_the_baseline_file_is_what_the_settings_say() -> None:
    stored = (ROOT / "scenarios" / "baseline.yaml").read_text(encoding="utf-8")
    assert stored == baseline_text()


@pytest.mark.parametrize("name", list(settings()))
def test_a_setting_says_what_it_is_and_lies_in_its_own_range(name: str) -> None:
    row = settings()[name]
    assert row.meaning
    assert row.source
    assert row.confidence in ("measured", "estimated", "assumed")
    assert row.problem(row.value) is None
    if row.low is not None and row.high is not None:
        assert row.low <= row.high


def test_a_budget_of_moves_is_500_a_week_for_26_weeks() -> None:
    plan = load_scenario("closer_to_home")
    assert plan.placements == "optimised"
    assert plan.allocation.move_budget == 26 * 500
    assert load_scenario("closer_to_home_ceiling").allocation.move_budget is None


def test_a_change_keeps_setting_before_and_after() -> None:
    change = load_scenario("closer_to_home").changes[1]
    assert (change.setting, change.before, change.after) == (
        "allocation.move_budget",
        None,
        13_000,
    )


def test_a_change_alters_nothing_else(tmp_path: Path) -> None:
    one = load_scenario(
        write(tmp_path, f"{HEAD}change: {{regime.notice_days_min: 3}}\n")
    ).resolved()
    other = load_scenario("baseline").resolved()
    differing = [key for key in one if one[key] != other[key]]
    assert differing == ["name", "title", "question", "parent", "regime"]
    assert one["regime"] | {"notice_days_min": 2} == other["regime"]


def test_the_resolved_scenario_can_be_read_back() -> None:
    scenario = load_scenario("evening_visits")
    text = yaml.safe_dump(scenario.resolved(), sort_keys=False)
    again = Scenario.model_validate(parse(text))
    assert again.resolved() == scenario.resolved()


def test_a_rule_is_switched_without_touching_code(tmp_path: Path) -> None:
    rule = "remand"
    scenario = load_scenario(
        write(tmp_path, f"{HEAD}change:\n  rules.{rule}: {{level: off, from: 2026-09-01}}\n")
    )
    assert scenario.rules[rule].level == "off"
    assert scenario.changes[0].before["level"] == rows_by_id("rules")[rule]["level"]


def test_rules_that_cannot_be_so_are_reported_together(tmp_path: Path) -> None:
    said = message(
        tmp_path,
        f"{HEAD}change:\n"
        "  rules.sexx: {level: hard}\n"
        "  rules.sex: {level: 'off'}\n"
        "  rules.court_alignment: {level: hard}\n"
        "  rules.remand: {level: soft}\n"
        "  rules.hold_court: {from: 2026-09-01, to: 2026-08-01}\n",
    )
    assert said.splitlines() == [
        "trial.yaml: no rule 'sexx' in rules.csv. Did you mean 'sex'?",
        "trial.yaml: rules.sex: found level 'off'; expected hard. Correct the scenario.",
        "trial.yaml: rules.remand: found price_gbp ''; expected a price, because the rule is soft. "
        "Correct the scenario.",
        "trial.yaml: rules.court_alignment: found level 'hard'; expected soft or off. "
        "Correct the scenario.",
        "trial.yaml: rules.hold_court: found to '2026-08-01'; expected a date on or after "
        "from, 2026-09-01. Correct the scenario.",
    ]


def test_rules_changed_under_one_key_are_rows_like_any_other(tmp_path: Path) -> None:
    one_by_one = write(
        tmp_path,
        f"{HEAD}change:\n  rules.remand: {{level: off}}\n  move_parts.escort: {{price_gbp: 1}}\n",
    )
    before = load_scenario(one_by_one)
    together = write(
        tmp_path,
        f"{HEAD}change:\n"
        "  rules: {remand: {level: off}}\n"
        "  move_parts: {escort: {price_gbp: 1}}\n",
    )
    after = load_scenario(together)
    assert after.changes == before.changes
    assert after.digest() == before.digest()

    said = message(
        tmp_path,
        f"{HEAD}change:\n"
        "  rules: {sexx: {level: hard}, sex: {level: 'off'}, region: {price_gbp: -1}}\n"
        "  move_parts: {escrot: {price_gbp: 1}}\n",
    )
    assert said.splitlines() == [
        "trial.yaml: no rule 'sexx' in rules.csv. Did you mean 'sex'?",
        "trial.yaml: rules.region: price_gbp: found -1; input should be greater than or equal to "
        "0.",
        "trial.yaml: no move part 'escrot' in move_parts.csv. Did you mean 'escort'?",
        "trial.yaml: rules.sex: found level 'off'; expected hard. Correct the scenario.",
    ]


@pytest.mark.parametrize("value", ["soon", "-1"])
def test_the_value_of_a_rule_is_a_number_of_0_or_more(tmp_path: Path, value: str) -> None:
    said = message(tmp_path, f"{HEAD}change: {{rules.after_sentence: {{value: {value}}}}}\n")
    assert said.startswith("trial.yaml: rules.after_sentence: value: found ")


def test_a_part_of_a_move_is_priced_anew_without_touching_code(tmp_path: Path) -> None:
    scenario = load_scenario(
        write(tmp_path, f"{HEAD}change:\n  move_parts.escort: {{price_gbp: 100}}\n")
    )
    assert scenario.move_parts["escort"].price_gbp == 100
    assert scenario.changes[0].before == {"price_gbp": "222", "amount": "1"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("move_parts.escrot: {price_gbp: 1}", "no move part 'escrot' in move_parts.csv. Did you"),
        ("move_parts.escort: {price_gbp: -1}", "move_parts.escort: price_gbp: found -1"),
        ("move_parts.escort: {price: 1}", "no key 'price'. Did you mean 'price_gbp'?"),
    ],
)
def test_a_wrong_part_of_a_move_is_refused(tmp_path: Path, change: str, said: str) -> None:
    assert said in message(tmp_path, f"{HEAD}change: {{{change}}}\n")


def test_a_wrong_key_names_the_nearest_right_one(tmp_path: Path) -> None:
    said = message(tmp_path, f"{HEAD}change: {{regime.notice_day_min: 3}}\n")
    assert said == (
        "trial.yaml: no setting 'regime.notice_day_min'. Did you mean 'regime.notice_days_min'?"
    )


def test_a_wrong_rule_names_the_nearest_right_one(tmp_path: Path) -> None:
    rule = next(iter(rows_by_id("rules")))
    said = message(tmp_path, f"{HEAD}change: {{rules.{rule}x: {{level: soft}}}}\n")
    assert said == f"trial.yaml: no rule '{rule}x' in rules.csv. Did you mean '{rule}'?"


def test_a_wrong_key_of_an_edit_names_the_nearest_right_one(tmp_path: Path) -> None:
    said = message(
        tmp_path,
        f"{HEAD}change:\n  regime.session_tables: [{{wher: {{}}, multiply: 2}}]\n",
    )
    assert "no key 'regime.session_tables.0.wher'. Did you mean 'where'?" in said


def test_a_wrong_word_of_a_selector_names_the_nearest_right_one(tmp_path: Path) -> None:
    said = message(
        tmp_path,
        f"{HEAD}change:\n  regime.session_tables: [{{where: {{sex: mne}}, multiply: 2}}]\n",
    )
    assert said == ("trial.yaml: regime.session_tables row 1: no sex 'mne'. Did you mean 'men'?")


def test_a_wrong_scenario_names_the_nearest_right_one() -> None:
    with pytest.raises(ScenarioError, match="Did you mean 'evening_visits'"):
        load_scenario("evening_visit")


def test_every_fault_of_a_file_comes_in_one_report(tmp_path: Path) -> None:
    said = message(
        tmp_path,
        f"{HEAD}change:\n  regime.notice_days_min: soon\n  demand.no_show_share: 1.7\n"
        "  calendar.start_date: 2026\n  nothing.at_all: 1\n",
    )
    assert [line.split(":")[1].strip().split()[0] for line in said.splitlines()] == [
        "regime.notice_days_min",
        "demand.no_show_share",
        "calendar.start_date",
        "no",
    ]
    assert "expected a number (days), found the text 'soon'" in said
    assert "1.7 is outside" in said
    assert "expected a date" in said


def test_values_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    said = message(
        tmp_path, f"{HEAD}change: {{video.notice_days_min: 7, video.notice_days_max: 3}}\n"
    )
    assert "booking window is empty" in said


def test_a_year_that_does_not_begin_on_a_monday_is_refused(tmp_path: Path) -> None:
    """Weeks of work, of leave and of visits on remand are counted from Monday."""
    said = message(tmp_path, f"{HEAD}change: {{calendar.start_date: 2026-08-05}}\n")
    assert said.endswith(
        "calendar.start_date: 2026-08-05 is a Wednesday; expected a Monday, such as 2026-08-03."
    )


def test_sessions_and_hours_added_on_no_day_or_on_one_twice_are_refused(tmp_path: Path) -> None:
    """No day would add nothing and not a word about it; elsewhere no day stands for every day."""
    said = message(
        tmp_path,
        f"{HEAD}change:\n"
        "  regime.added_sessions:\n"
        "    - {where: {}, days: [], start: '18:00', end: '17:00', open_tables: 5}\n"
        "    - {where: {}, days: [tue, tue], start: '18:00', end: '19:00', open_tables: 5}\n"
        "  video.added_hours: [{where: {}, days: [], start: '18:00', end: '19:00'}]\n",
    )
    assert (
        "regime.added_sessions.0: added session: no day; name those on which it is held, such as "
        "[tue, thu]; ends at 17:00, not after 18:00." in said
    )
    assert "regime.added_sessions.1: added session: tue stands twice; name each day once." in said
    assert "video.added_hours.0: added hours: no day; name those on which" in said


def test_fixed_waits_are_refused_where_booking_lines_are_played(tmp_path: Path) -> None:
    waits = (
        "  asking.phone_wait_minutes: 20\n  asking.phone_through_share: 0.8\n"
        "  asking.phone_days: [mon, tue, wed, thu, fri]\n  asking.phone_notice_days_max: 21\n"
    )

    told = message(tmp_path, f"{HEAD}change:\n{waits}")
    assert (
        "asking.phone_wait_minutes, asking.phone_through_share: no effect while booking lines are "
        "played. Set line.modelled to false too"
    ) in told
    without_lines = f"{HEAD}change:\n  line.modelled: false\n{waits}"
    assert load_scenario(write(tmp_path, without_lines)).asking.phone_wait_minutes == 20


def test_a_shift_that_cannot_be_hides_no_fault_of_the_other_shifts(tmp_path: Path) -> None:
    """The second is outside opening hours, all together need more seats than there are."""
    said = message(
        tmp_path,
        f"{HEAD}change:\n  line.seats: 10\n  line.shifts:\n"
        '    - {days: [mon], start: "12:00", end: "09:00", agents: 5}\n'
        '    - {days: [tue], start: "07:00", end: "10:00", agents: 5}\n'
        '    - {days: [wed], start: "09:00", end: "10:00", agents: 11}\n',
    )

    assert "ends at 09:00, not after 12:00" in said
    assert "the shift 07:00 to 10:00 on tue is outside opening hours" in said
    assert "the shifts bring 11 agents on wed, and seats is 10" in said
    assert len(said.splitlines()) == 2


def test_a_row_of_edits_that_cannot_be_hides_no_fault_of_the_other_rows(tmp_path: Path) -> None:
    said = message(
        tmp_path,
        f"{HEAD}change:\n  workers:\n"
        "    - {where: {}, fte_each: {LEI: -1}}\n"
        "    - {where: {security: ZZ}, multiply: 2}\n"
        "  line.online:\n"
        "    - {where: {sex: women}, first_date: 2026-10-05, share: 2}\n"
        "    - {where: {sex: wimmin}, first_date: 2026-10-05, share: 0.5}\n",
    )

    assert "workers.0" in said
    assert "workers row 2: no security 'ZZ'" in said
    assert "line.online.0" in said
    assert "line.online row 2: no sex 'wimmin'" in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("- a\n- b\n", "expected 'key: value' lines, found a list"),
        (HEAD, "'change' is missing"),
        (f"{HEAD}change: {{}}\n", "change"),
        ("question: Why?\nchange: {placements: today}\n", "'title' is missing"),
        (f"{HEAD}chagne: {{}}\n", "no key 'chagne'. Did you mean 'change'?"),
        (f"{HEAD}title: Again\nchange: {{}}\n", "the key 'title' is written twice"),
        (f"{HEAD}change: !!python/object/apply:os.getcwd []\n", "not plain YAML"),
        (f"{HEAD}change: [\n", "not plain YAML"),
        (f"{HEAD}change: {{placements: nowhere}}\n", "placements"),
        (f"{HEAD}change: {{placements: 3}}\n", "expected text, found a number: 3"),
        (f"{HEAD}change: {{regime: {{}}}}\n", "'regime' is a section"),
        (f"{HEAD}change: {{title: New}}\n", "no setting 'title'"),
        (f"{HEAD}change: {{regime.notice_days_min: .nan}}\n", "is outside"),
        (f"{HEAD}change: {{regime.notice_days_min: true}}\n", "found true or false"),
        (f"{HEAD}change: {{allocation.move_budget: many}}\n", "expected a number"),
        (f"{HEAD}change: {{allocation.move_budget: 10.5}}\n", "valid integer"),
        (f"{HEAD}parent: other\nchange: {{placements: today}}\n", "'other' does not exist"),
        (
            f"{HEAD}parent: evening_visits\nchange: {{placements: today}}\n",
            "has a parent of its own; chains are not allowed",
        ),
        (
            f"{HEAD}change:\n  regime.added_sessions:\n"
            "    - {where: {}, days: [tue], start: 19:30, end: 18:00, open_tables: 1}\n",
            "not after 19:30",
        ),
    ],
)
def test_a_wrong_file_is_refused_in_one_clear_message(
    tmp_path: Path, text: str, expected: str
) -> None:
    said = message(tmp_path, text)
    assert expected in said
    assert said.startswith("trial.yaml")


def test_unknown_keys_and_wrong_values_are_reported_together(tmp_path: Path) -> None:
    said = message(
        tmp_path,
        f"{HEAD}change:\n  allocation.move_bugdet: 3\n  placements: nowhere\n"
        "  regime.added_sessions: [{where: {}, days: [tue]}]\n",
    )

    assert "no setting 'allocation.move_bugdet'" in said
    assert "placements" in said
    assert "added_sessions" in said


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="no such file"):
        load_scenario(tmp_path / "absent.yaml")


def test_a_file_that_is_no_text_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "trial.yaml"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ScenarioError, match="cannot be read as text"):
        load_scenario(path)


def test_a_suggestion_names_what_exists_when_nothing_is_near() -> None:
    many = [f"rule_{number:02d}" for number in range(12)]
    assert suggestion("zzz", many).endswith("rule_07, ....")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("objective.mode: odd", "objective: mode 'odd' must be weights or strict"),
        ("limits: [{limit: far}]", "limits.0: "),
    ],
    ids=["section", "row"],
)
def test_a_fault_names_its_place_once(tmp_path: Path, change: str, said: str) -> None:
    told = message(tmp_path, f"{HEAD}change:\n  {change}\n")

    assert said in told
    assert "objective: objective" not in told
    assert "limits: " not in told
