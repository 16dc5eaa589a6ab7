"""A year played again by itself: the same year, told as tables and drawn."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scenarios.studies.replay as replay_module
from scenarios.display.timeline import AT_TABLE
from scenarios.errors import ScenarioError
from scenarios.results import Results, load_results, write_parquet
from scenarios.run import Options, run_many
from scenarios.studies.replay import replay, tables_of
from scenarios.studies.run_length import BATCH, mser, settling

AT = ["prisoner_id", "request", "channel", "outcome", "at", "session", "session_start"]


@pytest.fixture(scope="module")
def run(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    asked = Options(
        data_dir=small_data,
        runs_dir=tmp_path_factory.mktemp("replay"),
        replications=2,
        keep_visits=True,
        workers=1,
    )
    return run_many(["closer_to_home"], asked)[0][0]


@pytest.fixture(scope="module")
def folder(run: Results, small_data: Path) -> Path:
    assert run.folder is not None
    told = replay(run.folder, establishment="LNI", replication=1, data_dir=small_data)
    assert "The measures are those stored with the run." in told
    return Path(told[0])


def test_a_replayed_year_is_the_year_of_the_run(run: Results, folder: Path) -> None:
    events = pd.read_parquet(folder / "events.parquet")
    stored = run.visits
    stored = stored[(stored["establishment"] == "LNI") & (stored["replication"] == 1)]
    assert len(events) == len(stored) > 100
    pd.testing.assert_frame_equal(
        events[AT].astype("str"), stored[AT].astype("str").reset_index(drop=True)
    )


def test_the_folder_holds_tables_and_a_page(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {
        "events.parquet",
        "events.csv",
        "sessions.parquet",
        "sessions.csv",
        "parties.parquet",
        "parties.csv",
        "timeline.html",
    }
    read = pd.read_csv(folder / "events.csv")
    assert len(read) == len(pd.read_parquet(folder / "events.parquet"))


def test_sessions_add_up_to_the_events(folder: Path) -> None:
    events = pd.read_parquet(folder / "events.parquet")
    sessions = pd.read_parquet(folder / "sessions.parquet")
    counts = events["outcome"].value_counts()
    for column, word in (("bookings", "booked"), ("cancelled", "cancelled")):
        assert int(sessions[column].sum()) == int(counts.get(word, 0))
    assert int(sessions["attended"].sum()) == int(counts["attended"])
    used = sessions[["attended", "no_show", "refused_entry", "called_off"]].sum(axis=1)
    assert (used <= sessions["tables"]).all()


def test_parties_pass_the_check_before_the_hall_and_agree_with_the_events(folder: Path) -> None:
    parties = pd.read_parquet(folder / "parties.parquet")
    events = pd.read_parquet(folder / "events.parquet")
    let_in = parties[parties["outcome"] == "attended"]
    attended = events[events["outcome"] == "attended"]
    assert len(let_in) == len(attended) > 50
    assert len(parties) == len(attended) + int((events["outcome"] == "refused_entry").sum())
    assert (parties["arrived"] < parties["checked"]).all()
    assert (let_in["checked"] < let_in["entered"]).all()
    assert (let_in["entered"] < let_in["left"]).all()
    late = (let_in["entered"] - let_in["session_start"]).dt.total_seconds() / 60
    np.testing.assert_allclose(np.sort(late), np.sort(attended["late_minutes"]), atol=0.06 + 1 / 60)


def test_the_page_draws_three_pictures_and_fetches_nothing(folder: Path) -> None:
    page = (folder / "timeline.html").read_text(encoding="utf-8")
    assert page.count('<svg role="img"') == 3
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?!#)', page)
    for words in ("The year in the hall", "A week at the tables", "How that week filled"):
        assert words in page


def test_the_page_says_how_it_is_handled_and_of_which_run_it_is(run: Results, folder: Path) -> None:
    assert run.folder is not None
    page = (folder / "timeline.html").read_text(encoding="utf-8")
    assert f'<p class="estate-mark">OFFICIAL-SENSITIVE | Run {run.folder.name}</p>' in page


def test_the_page_counts_a_session_with_open_and_closed_tables_once(folder: Path) -> None:
    """One that is called off is none, whether or not anybody had booked it."""
    page = (folder / "timeline.html").read_text(encoding="utf-8")
    sessions = pd.read_parquet(folder / "sessions.parquet").query("is_measured and is_held")

    number = len(sessions[["session", "session_start"]].drop_duplicates())

    assert 0 < number < len(sessions)
    assert re.search(rf"Sessions held\W.{{0,60}}{number:,}\b", re.sub(r"<[^>]+>", " ", page), re.S)


def test_sessions_that_are_called_off_are_those_of_the_run(run: Results, folder: Path) -> None:
    assert run.sessions_held is not None
    held = run.sessions_held.query("establishment == 'LNI' and replication == 1 and held > 0")
    sessions = pd.read_parquet(folder / "sessions.parquet").query("is_measured and is_held")
    dates = sessions.drop_duplicates(["session", "session_start"])["session"].value_counts()
    assert dates.to_dict() == held.set_index("session")["held"].to_dict()


def test_a_week_can_be_chosen(run: Results, small_data: Path, tmp_path: Path) -> None:
    assert run.folder is not None
    told = replay(
        run.folder,
        establishment="LNI",
        replication=0,
        week=date(2026, 10, 8),
        out_dir=tmp_path / "out",
        data_dir=small_data,
    )
    assert told[0] == str(tmp_path / "out")
    page = (tmp_path / "out" / "timeline.html").read_text(encoding="utf-8")
    assert "the week of 5 October 2026" in page


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"establishment": "LNX"}, "Did you mean"),
        ({"replication": 2}, "the run has 2, numbered from 0"),
        ({"week": date(2031, 1, 1)}, "no session in that week"),
    ],
)
def test_a_year_that_was_not_played_is_refused(
    run: Results, small_data: Path, tmp_path: Path, asked: dict[str, object], words: str
) -> None:
    assert run.folder is not None
    given_words = {"establishment": "LNI", "replication": 0} | asked
    with pytest.raises(ScenarioError, match=words):
        replay(run.folder, data_dir=small_data, out_dir=tmp_path / "x", **given_words)  # type: ignore[arg-type]
    assert not (tmp_path / "x").exists()


def test_other_tables_are_named(run: Results, own_data: Path) -> None:
    assert run.folder is not None
    templates = pd.read_csv(own_data / "session_templates.csv", keep_default_na=False)
    templates.loc[0, "open_tables"] = 3
    templates.to_csv(own_data / "session_templates.csv", index=False)
    with pytest.raises(ScenarioError, match="changed since: session_templates"):
        replay(run.folder, establishment="LNI", replication=0, data_dir=own_data)


def test_another_model_that_plays_another_year_is_refused(
    run: Results, small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    assert run.folder is not None
    copy = Path(shutil.copytree(run.folder, tmp_path / run.folder.name))
    measures = load_results(copy).measures
    write_parquet(measures.assign(value=measures["value"] + 1.0), copy / "measures.parquet")
    monkeypatch.setattr(replay_module, "model_digest", lambda: "another")
    with pytest.raises(ScenarioError, match=r"another version of the model \(model_digest"):
        replay(copy, establishment="LNI", replication=0, data_dir=small_data)


@given(
    counts=st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 3), st.integers(0, 2), st.integers(1, 9)),
        min_size=1,
        max_size=5,
    ),
    starts=st.lists(st.integers(9, 18), min_size=5, max_size=5),
)
def test_every_table_is_drawn_once_and_none_on_another(
    counts: list[tuple[int, int, int, int]], starts: list[int]
) -> None:
    rows = [
        {
            "weekday": 2,
            "session_start": pd.Timestamp(2026, 10, 7, starts[number]),
            "session": f"LEI-S{number}",
            "start_minutes": 60 * starts[number],
            "end_minutes": 60 * starts[number] + 90,
            "attended": came,
            "no_show": missed,
            "refused_entry": refused,
            "called_off": 0,
            "tables": came + missed + refused + free,
        }
        for number, (came, missed, refused, free) in enumerate(counts)
    ]
    drawn = tables_of(pd.DataFrame(rows))
    assert len(drawn) == sum(row["tables"] for row in rows)
    assert (drawn["became"] == AT_TABLE[0]).sum() == sum(row["attended"] for row in rows)
    assert drawn["top"].between(2, 3).all()
    assert drawn["bottom"].between(2, 3).all()
    for left, one in enumerate(drawn.to_dict("records")):
        for other in drawn.to_dict("records")[left + 1 :]:
            apart = (
                one["end_minutes"] <= other["start_minutes"]
                or other["end_minutes"] <= one["start_minutes"]
                or one["bottom"] <= other["top"] + 1e-9
                or other["bottom"] <= one["top"] + 1e-9
            )
            assert apart


@given(values=st.lists(st.floats(-100, 100), min_size=40, max_size=120))
def test_mser_is_the_least_of_its_definition(values: list[float]) -> None:
    """Against the definition written out: squared standard error of the batch means left."""
    batches = len(values) // BATCH
    means = [np.mean(values[BATCH * b : BATCH * (b + 1)]) for b in range(batches)]
    spreads = [
        float(np.sum((np.array(means[d:]) - np.mean(means[d:])) ** 2)) / (batches - d) ** 2
        for d in range(batches // 2 + 1)
    ]
    found = mser(np.array(values))
    least = min(spreads)
    where = batches // 2 if found is None else found // BATCH
    assert spreads[where] == pytest.approx(least, abs=1e-8 + 1e-8 * abs(least))


def test_a_series_that_is_too_short_settles_nothing() -> None:
    assert mser(np.arange(39.0)) is None


def test_a_series_that_never_settles_is_said_so() -> None:
    assert mser(np.arange(400.0)) is None


def test_settling_is_told_by_prison(run: Results) -> None:
    first = run.visits[run.visits["replication"] == 0]
    found = settling(first, warm_up_days=28)
    assert found["establishment"].is_unique
    assert set(found["establishment"]) <= set(first["establishment"].astype("str"))
    settled = found.dropna(subset=["settled_days"])
    assert (settled["within_warm_up"] == (settled["settled_days"] <= 28)).all()
