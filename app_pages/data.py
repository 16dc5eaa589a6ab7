"""Data: bring tables of your own, see what is wrong with them, and use them in every run."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app_pages import _data, _export, _show, _who
from data.load import read_table
from scenarios.display import data_quality, wording
from scenarios.export import KINDS
from scenarios.own_tables import templates, uploads

EVERY = "All tables"
FOUND_AGAIN = (
    "Only you can see them, in this browser: they are found again when the page is loaded anew, "
    "until the browser is closed or nobody has used them for a week. No link leads to them."
)
NOT_FOUND_AGAIN = (
    "Only this session can see them: load the page anew or close it, and they cannot be found "
    "again."
)
REFUSED = "refused upload"
"""The table of the last upload, where it was refused, and why."""
TURN = "uploads taken in"


def take(table: str) -> None:
    """Take in what was given to the uploader of a table, and empty the uploader."""
    given = st.session_state.get(_key(table))
    if given is None:
        return
    try:
        uploads.take_in(_data.folder(), table, given.name, given.getvalue())
        st.session_state.pop(REFUSED, None)
    except uploads.UploadError as error:
        st.session_state[REFUSED] = (table, str(error))
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1


def take_out(table: str) -> None:
    """Remove a table that was brought."""
    uploads.take_out(_data.folder(), table)


def _key(table: str) -> str:
    """Name the uploader of a table anew each time something was taken in."""
    return f"upload {table} {st.session_state.get(TURN, 0)}"


def show_uploaders(brought: dict[str, uploads.Taken]) -> None:
    """Show one uploader a table, by what the tables are about."""
    for group, members in data_quality.GROUPS.items():
        with st.expander(group):
            for table in members:
                st.file_uploader(
                    f"{data_quality.name(table)} ({table})",
                    type=[ending.removeprefix(".") for ending in uploads.ENDINGS],
                    key=_key(table),
                    on_change=take,
                    args=(table,),
                )
                refused, why = st.session_state.get(REFUSED, ("", ""))
                if refused == table:
                    _show.refusal(why)
                if table in brought:
                    kept, away = st.columns([3, 1])
                    with kept:
                        _show.say(
                            f"Brought: {wording.count(brought[table].rows, 'row')}, "
                            f"{wording.count(brought[table].columns, 'column')}."
                        )
                    with away:
                        st.button("Remove", key=f"remove {table}", on_click=take_out, args=(table,))


def show_templates() -> None:
    """Offer templates with the dictionary of their columns."""
    with st.expander("Templates to fill in"):
        _show.say(
            "Each has example rows and a sheet that says what every column holds, in which unit, "
            "and which values are allowed. The examples pass the check as they stand."
        )
        left, right = st.columns(2)
        with left:
            table = st.selectbox(
                "Table",
                [EVERY, *templates.names()],
                format_func=lambda code: code if code == EVERY else data_quality.name(code),
                key="template table",
                persist_state="session",
            )
        with right:
            kind = st.selectbox(
                "Kind of file",
                templates.KINDS,
                format_func=lambda code: KINDS[code].label,
                key="template kind",
                persist_state="session",
            )
        chosen = templates.names() if table == EVERY else (str(table),)
        stem = "template" if table == EVERY else f"template-{table}"
        _export.offer_file(
            "Download the template",
            f"{stem}.{KINDS[kind].ending}",
            lambda: templates.template(chosen, kind),
            KINDS[kind].media_type,
            len(chosen),
        )


def show_findings(found: Path, whose: str, tables: Path | None) -> None:
    """Show what a check of tables found: the report, then the gaps and who is misplaced."""
    check = uploads.stored_check(found)
    behind = data_quality.behind(
        None if tables is None else sorted(path.stem for path in tables.iterdir())
    )
    report = data_quality.read(found, "report")
    if len(report):
        _show.table(data_quality.report(report))
    else:
        _show.say(data_quality.NOTHING_FOUND)
    if check["errors"]:
        _export.download(
            "What was found",
            [data_quality.report_sheet(report)],
            mark="OFFICIAL-SENSITIVE",
            behind=behind,
        )
        return
    missing = data_quality.read(found, "missing")
    misplaced = data_quality.read(found, "misplaced")
    _show.section("How complete the records are")
    if (missing["missing"] > 0).any():
        _show.figure(data_quality.missing_figure(missing, whose), data_quality.missing(missing))
    else:
        _show.say("No field is missing in any row.")
    _show.section("People held where a rule would not let them be")
    _show.say(data_quality.misplaced_words(check))
    prisons = read_table("establishments", tables)
    if len(misplaced):
        _show.table(data_quality.misplaced(misplaced, prisons))
    _export.download(
        "What was found",
        [
            data_quality.report_sheet(report),
            data_quality.missing(missing),
            data_quality.misplaced(misplaced, prisons),
        ],
        mark="OFFICIAL-SENSITIVE",
        behind=behind,
    )


_who.planners_only()
_who.mark(people=True)
_show.title("Data")
_show.say(_data.told(), small=False)
_show.say(
    "Tables that you bring come before the built-in ones, table by table. "
    f"{FOUND_AGAIN if _data.is_found_again() else NOT_FOUND_AGAIN} Results of runs made on them "
    "are stored with the other runs."
)
if _data.in_use() != _data.given():
    st.button("Go back to the built-in tables", on_click=_data.use, args=(None,))

_show.section("Bring your tables")
folder = _data.folder()
brought = {taken.table: taken for taken in uploads.tables(folder)}
_show.say(
    f"CSV, Parquet, Excel (.xlsx) or OpenDocument (.ods), at most "
    f"{uploads.MOST_BYTES // 1024**2} megabytes each. Of a workbook the sheet named as the table "
    "is read, else the first; of formulas the stored values. People and their contacts belong "
    "together."
)
show_templates()
show_uploaders(brought)
if brought:
    _show.table(data_quality.brought(list(brought.values())))

_show.section("Check before anything is decided")
if brought:
    found = uploads.check_folder(folder)
    if st.button("Check these tables", type="primary") and not (found / "check.json").is_file():
        with st.spinner("Checking each table, and all of them together"):
            try:
                uploads.check(folder)
            except uploads.UploadError as error:
                _show.refusal(str(error))
    if (found / "check.json").is_file():
        numbers = uploads.stored_check(found)
        _show.say(data_quality.verdict(numbers), small=False)
        if not numbers["errors"]:
            st.button(
                "Use these tables",
                type="primary",
                on_click=lambda: _data.use(uploads.freeze(folder)),
                disabled=_data.in_use() == uploads.frozen(folder),
            )
        show_findings(found, "the tables that you brought", folder / uploads.DRAFT)
    else:
        _show.say("Nothing is used before it was checked.")
else:
    _show.say("You have brought no table. The built-in tables and made-up people can be looked at.")
    built_in = folder / _data.BUILT_IN
    if not (built_in / "check.json").is_file() and st.button("Look at the built-in tables"):
        with st.spinner("Making the people, and looking at them"):
            uploads.run_check(None, built_in)
    if (built_in / "check.json").is_file():
        show_findings(built_in, "the built-in tables and made-up people", None)
