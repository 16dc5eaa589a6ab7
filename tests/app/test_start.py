"""The first page: three questions, answered from what is stored, or what to run for an answer."""

from __future__ import annotations

import json
import os
import re
import shutil
from html import escape
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app_pages import _state
from scenarios.circulation import pinned
from scenarios.comparing.compare import made_from
from scenarios.display import questions, views
from scenarios.display.frontiers import open_stability, would_it_turn
from scenarios.display.workers import enough, estate
from scenarios.results import Results
from scenarios.worker import read_request
from tests.app.conftest import retold
from tests.app.serving import ROOT

QUESTIONS = (
    "Who should be held where?",
    "How many family workers?",
    "What if visits ran differently?",
)


def opened(runs: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ESTATE_RUNS", str(runs))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def folder(results: Results) -> Path:
    assert results.folder is not None
    return results.folder


def test_three_questions_are_asked_in_order_also_where_nothing_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(tmp_path, monkeypatch)
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", shown(app))
    assert headings == list(QUESTIONS)
    assert "No plan is stored yet" in shown(app)
    assert len(app.get("vega_lite_chart")) == 0
    assert "made up" in shown(app)


def test_plan_is_told_with_what_would_turn_it(
    studied: Path,
    plan: Results,
    today: Results,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The study of assumptions is written by hand; it is of these two runs alone."""
    runs = Path(shutil.copytree(studied, tmp_path / "runs"))
    stability = open_stability(runs / "stability-closer_to_home-1")
    text = shown(opened(runs, monkeypatch))
    assert escape(would_it_turn(stability), quote=False) in text
    assert "Visits under this plan" not in text

    told = {
        "compared": [{"made_from": made_from(each)} for each in (today, plan)],
        "conclusions": {"visits": "depends on an assumption: no show share at 0.05 (turns)"},
    }
    (runs / "assumptions-closer_to_home-0").mkdir()
    study = runs / "assumptions-closer_to_home-0" / "assumptions.json"
    study.write_text(json.dumps(told), encoding="utf-8")
    said = "Visits in the year: depends on an assumption: no show share at 0.05 (turns)."
    text = shown(opened(runs, monkeypatch))
    assert f"Visits under this plan, beside today. {said}" in text
    assert questions.VISITS_NOT_TRIED not in text

    told["compared"].reverse()  # type: ignore[attr-defined]
    study.write_text(json.dumps(told), encoding="utf-8")
    assert "Visits under this plan" not in shown(opened(runs, monkeypatch))


def test_answers_that_were_not_tried_under_other_assumptions_say_so_and_where_to(
    plan: Results, today: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(folder(plan).parent, monkeypatch)
    text = shown(app)
    assert escape(would_it_turn(None), quote=False) in text
    assert questions.VISITS_NOT_TRIED in text
    assert questions.LEVELS_NOT_TRIED in text
    links = [(link.proto.label, link.proto.page) for link in app.get("page_link")]
    assert ("Try other assumptions about its moves", "frontier") in links
    assert ("Try other assumptions about its visits", "compare") in links


def test_answer_for_circulation_keeps_small_counts_back(plan: Results) -> None:
    rows = [
        {"group_by": by, "group": group, "measure": measure, "before": value, "after": value}
        for by, group, people, over in (
            (views.ALL, views.ALL, 1000, 901),
            ("sex", "men", 900, 900),
            ("sex", "women", 100, 1),
        )
        for measure, value in (
            ("people", people),
            ("over_50_miles_share", over / people),
            ("over_100_miles_share", 1 / people),
        )
    ]
    for circulate in (False, True):
        answer = questions.held(plan, pd.DataFrame(rows), circulate=circulate)
        fifty, hundred = answer.numbers[:2]
        assert ("1 women" in fifty.note) == (not circulate)
        assert ("900" in fifty.note) == (not circulate)
        assert hundred.value == ("[c]" if circulate else "1")
        assert ("and [c] more than 100" in answer.sentence) == circulate
        assert ("[c]" in answer.table_html) == circulate


def test_page_starts_what_an_answer_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(tmp_path, monkeypatch)
    next(each for each in app.button if each.label == "Make a plan and play its year").click().run()
    (job,) = (path for path in (tmp_path / ".jobs").iterdir() if path.is_dir())
    try:
        asked = read_request(job)
        assert (asked.command, asked.options["scenario"]) == ("run", "closer_to_home")
        assert "Starting" in shown(app) or "Working on" in shown(app)
    finally:
        next(each for each in app.button if each.label == "Cancel").click().run()


def test_every_question_has_a_sentence_numbers_and_one_chart(
    today: Results, plan: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(folder(plan).parent, monkeypatch)
    assert len(app.get("vega_lite_chart")) == 3
    assert shown(app).count('class="estate-numbers') == 3
    assert "No plan is stored yet" not in shown(app)


def test_plan_is_named_and_is_of_the_tables_of_the_run_beside_it(
    today: Results, plan: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retold(today, tmp_path)
    retold(plan, tmp_path, title="The plan of these tables")
    other = retold(plan, tmp_path / "kept", title="A plan of other tables")
    manifest = json.loads((other / "manifest.json").read_text("utf-8"))
    other = other.rename(tmp_path / "closer_to_home-00000000")
    (other / "manifest.json").write_text(
        json.dumps(manifest | {"data_digest": "of somebody else"}), encoding="utf-8"
    )
    text = shown(opened(tmp_path, monkeypatch))
    assert "Answered from the plan “The plan of these tables”" in text
    assert "A plan of other tables" not in text
    assert other.name not in text


def test_runs_of_people_like_those_that_the_reader_uses_answer_first(
    today: Results, plan: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESTATE_RUNS", str(tmp_path))
    copies = {}
    for number, loaded in enumerate((False, True)):
        for results in (today, plan):
            copy = retold(results, tmp_path / str(number), title=results.title)
            told = json.loads((copy / "manifest.json").read_text("utf-8"))
            inputs = told["inputs"] if loaded else {"units": "0f"}
            told |= {"inputs": inputs, "data_digest": str(loaded)}
            named = copy.rename(tmp_path / f"{copy.name}-{number}")
            (named / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
            copies[loaded, results.scenario["name"]] = named.name
    for loaded in (False, True):
        found = _state.front_runs(loaded=loaded)
        assert [run.name for run in (found.plan, found.baseline) if run] == [
            copies[loaded, "closer_to_home"],
            copies[loaded, "baseline"],
        ]


def test_people_far_from_home_are_counted_as_the_placements_do(
    today: Results, plan: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted here from the placements themselves, not from the table of groups."""
    placed = views.people(plan)
    text = shown(opened(folder(plan).parent, monkeypatch))
    for column in ("straight_miles_today", "straight_miles"):
        for miles in (50, 100):
            assert f"{int((placed[column] > miles).sum()):,}" in text
    women = placed[placed["sex"] == "women"]
    assert f"{int((women['straight_miles'] > 50).sum()):,} women" in text


def test_moves_in_the_answer_are_those_of_the_plan(
    today: Results, plan: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = shown(opened(folder(plan).parent, monkeypatch))
    assert f"With {int(plan.placements['moved'].sum()):,} moves it would be" in text


def test_without_a_plan_nothing_is_said_to_change(
    today: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder(today), tmp_path / folder(today).name)
    text = shown(opened(tmp_path, monkeypatch))
    assert "it would be" not in text
    assert "No plan is stored yet" in text


def test_hours_never_done_are_the_mean_over_the_simulated_years(today: Results) -> None:
    rows = today.measures
    unmet = rows[
        (rows["establishment"] == "ALL")
        & (rows["group_by"] == "all")
        & (rows["measure"] == "worker_hours_unmet")
    ]["value"]
    answer = questions.family_workers(today, questions.estate_measures(folder(today)), None)
    (card,) = (each for each in answer.numbers if each.label == "Hours never done")
    assert card.value == f"{unmet.mean():,.0f}"
    assert f"{unmet.mean():,.0f}" in answer.sentence


def test_wait_for_a_worker_is_of_those_reached_beside_the_share_never_reached(
    today: Results,
) -> None:
    rows = today.measures
    whole = rows[(rows["establishment"] == "ALL") & (rows["group_by"] == "all")]
    mean = whole.groupby("measure")["value"].mean()
    share = 1.0 - mean["worker_people_helped"] / mean["worker_referrals"]
    answer = questions.family_workers(today, questions.estate_measures(folder(today)), None)
    (card,) = (each for each in answer.numbers if each.label == "Wait for a family worker")
    assert card.unit == "days; of those reached, one referral in ten waits longer"
    assert card.change == f"{share:.1%} of referrals are not reached."


def test_women_and_men_are_told_apart_where_the_year_tells_them_apart(today: Results) -> None:
    measures = questions.estate_measures(folder(today))
    rows = today.measures
    women = rows[(rows["establishment"] == "ALL") & (rows["group"] == "women")]
    mean = women.groupby("measure")["value"].mean()
    cards = {
        card.label: card
        for answer in (
            questions.family_workers(today, measures, None),
            questions.visits(today, measures),
        )
        for card in answer.numbers
    }
    assert f"{mean['worker_hours_unmet']:,.0f} for women" in cards["Hours never done"].change
    refused = cards["Requests turned away"].change
    assert f"{mean['requests_unmet_share']:.1%} for women" in refused
    missed = cards["School that children miss"].change
    assert f"{mean['school_hours_missed']:,.0f} for women" in missed
    never = 1.0 - mean["worker_people_helped"] / mean["worker_referrals"]
    wait = cards["Wait for a family worker"].note
    assert f"{mean['worker_days_to_first_contact_p90']:.1f} for women. Not reached: " in wait
    assert f"{never:.1%} for women." in wait


def test_need_that_no_record_tells_of_is_told_beside_the_need(
    today: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    measures = questions.estate_measures(folder(today))
    said = questions.would_latent_need_turn_it(measures)
    assert said == enough(estate(measures))
    assert said in shown(opened(folder(today).parent, monkeypatch))
    without = measures[measures["measure"] != "family_latent_hours"]
    assert questions.would_latent_need_turn_it(without) == ""


def test_answer_about_workers_tells_the_target_of_the_newest_sizing(
    today: Results, tmp_path: Path
) -> None:
    """Two prisons have an answer, 3.5 in all where 2 work; the third cannot reach the target."""
    pd.DataFrame(
        {
            "establishment": ["AAI", "BBI", "CCI"],
            "fte_for_target": [1.5, 2.0, None],
            "fte_today": [1.0, 1.0, 4.0],
        }
    ).to_csv(tmp_path / "workers.csv", index=False)
    (tmp_path / "family_workers.json").write_text('{"target_share": 0.9, "target_days": 5}')
    measures = questions.estate_measures(folder(today))
    sentence = questions.family_workers(today, measures, tmp_path).sentence
    assert "90% of referrals to be reached within 5 days" in sentence
    assert "3.5 caseworkers are needed at 2 prisons, where 2.0 work today" in sentence


def test_sizing_that_cannot_be_read_leaves_the_answer_of_the_run(
    today: Results, tmp_path: Path
) -> None:
    measures = questions.estate_measures(folder(today))
    assert (
        questions.family_workers(today, measures, tmp_path).sentence
        == questions.family_workers(today, measures, None).sentence
    )


def test_ceiling_answers_no_question(ceiling_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(opened(ceiling_runs, monkeypatch))
    assert "The ceiling" not in text
    assert "No plan is stored yet" in text


def click(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def test_run_that_an_administrator_chose_answers_for_all_readers(
    today: Results, plan: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retold(today, tmp_path)
    older = retold(plan, tmp_path, title="The plan agreed in May").rename(tmp_path / "older")
    newest = retold(plan, tmp_path, title="A plan tried since")
    os.utime(older / "manifest.json", ns=(1, 1))
    app = opened(tmp_path, monkeypatch)
    assert "Answered from the plan “A plan tried since”: the newest" in shown(app)
    app.selectbox(key="front").set_value(older.name).run()
    click(app, "Use it for all readers")
    other = opened(tmp_path, monkeypatch)
    assert "Answered from the plan “The plan agreed in May”, chosen by an administrator." in shown(
        other
    )
    assert newest.name not in shown(other)
    noted = (tmp_path / ".audit" / "choices.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["run"] for line in noted] == [older.name]
    other.selectbox(key="front").set_value("").run()
    click(other, "Use it for all readers")
    assert "A plan tried since”: the newest" in shown(opened(tmp_path, monkeypatch))


def test_run_of_today_that_was_chosen_brings_the_newest_plan_of_its_tables(
    today: Results, plan: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = retold(today, tmp_path, title="Today as agreed")
    mine = retold(plan, tmp_path, title="Plan of these tables")
    for results, title in ((today, "Today of others"), (plan, "Plan of others")):
        copy = retold(results, tmp_path / "kept", title=title)
        told = json.loads((copy / "manifest.json").read_text("utf-8"))
        (copy / "manifest.json").write_text(
            json.dumps(told | {"data_digest": "of others"}), encoding="utf-8"
        )
        copy.rename(tmp_path / f"{copy.name}-others")
    for folder_of_run in (chosen, mine):
        os.utime(folder_of_run / "manifest.json", ns=(1, 1))
    assert "Plan of others" in shown(opened(tmp_path, monkeypatch))
    pinned.pin(tmp_path, chosen.name, "ada")
    text = shown(opened(tmp_path, monkeypatch))
    assert "told from the run “Today as agreed”, chosen by an administrator" in text
    assert "Answered from the plan “Plan of these tables”: the newest" in text
    assert "of others" not in text


def test_chosen_run_that_is_gone_or_of_other_tables_is_told_and_the_newest_answers(
    today: Results, plan: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retold(today, tmp_path)
    retold(plan, tmp_path, title="The newest plan")
    other = retold(plan, tmp_path / "kept", title="A plan of other tables")
    told = json.loads((other / "manifest.json").read_text("utf-8"))
    other = other.rename(tmp_path / "other")
    (other / "manifest.json").write_text(
        json.dumps(told | {"data_digest": "of others"}), encoding="utf-8"
    )
    for name, why in (
        ("gone-1", "the run gone-1 to answer here. It is no longer stored"),
        (other.name, "the run A plan of other tables to answer here. It was made on other tables"),
    ):
        pinned.pin(tmp_path, name, "ada")
        text = shown(opened(tmp_path, monkeypatch))
        assert why in text
        assert "Answered from the plan “The newest plan”: the newest" in text
    (tmp_path / pinned.FILE).write_text("?", encoding="utf-8")
    text = shown(opened(tmp_path, monkeypatch))
    assert "cannot be read, so the newest runs answer" in text


def test_made_up_people_do_not_answer_for_a_reader_who_brought_records(
    today: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESTATE_RUNS", str(tmp_path))
    copy = retold(today, tmp_path)
    told = json.loads((copy / "manifest.json").read_text("utf-8"))
    (copy / "manifest.json").write_text(
        json.dumps(told | {"inputs": {"units": "0f"}}), encoding="utf-8"
    )
    pinned.pin(tmp_path, copy.name, "ada")
    assert _state.front_runs(loaded=False).pinned is not None
    found = _state.front_runs(loaded=True)
    assert found.pinned is None
    assert "other tables than the ones that you brought" in found.told
