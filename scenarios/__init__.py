"""Questions and answers: scenarios in, stored results out.

``schema``      Scenario, and the shape of its file
``load``        load_scenario(name): baseline and changes to a Scenario
``settings``    one row per setting: unit, meaning, range, source
``inputs``      the tables, the people and the journeys a scenario needs
``one_report``  everything that is wrong with what was asked, told at once
``run``         run(scenario): the whole model on one screen
``runner``      many replications over many processes; ``cluster`` for many machines
``task``        what one of those processes does
``ledger``      finished years of a run that has not ended
``experiment``  scenarios on the same families until enough is known; ``precision``, ``verdict``
``replay``      one year of one prison again, listed and drawn
``start_state`` bookings and orders that a run begins from; ``run_length`` whether a warm-up will do
``benefit``     what families gain and who pays what
``results``     Results: named tables and provenance, kept in run folders
``summary``     the headline of a run; ``at_hand`` small tables worked out once from its event log
``compare``     two runs side by side; ``visits_validation`` a run beside published figures
``added_sessions``  what became of the sessions that a scenario adds
``queries``     questions over many run folders
``jobs``        what was asked of the background; ``worker`` does it in a process of its own
``display``     tables, words and pictures that the app and the report share
``report``      one self-contained page of a run
``export``      tables as files; ``suppress`` hides small counts, ``audit`` notes each one
``sessions``    where each reader keeps tables that they bring
``uploads``     tables that somebody brings; ``check_tables`` what is wrong with them, ``templates``
``cli``         the ``estate`` command
"""
