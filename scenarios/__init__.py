"""Questions and answers: scenarios in, stored results out.

The chain, in the order in which it runs:

``settings``    one row per setting: unit, meaning, range, source; ``baseline`` writes them as YAML
``schema``      Scenario, and the shape of its file
``load``        load_scenario(name): baseline and changes to a Scenario
``one_report``  everything that is wrong with what was asked, told at once
``inputs``      the tables, the people and the journeys a scenario needs
``planning``    who is held where: decided, stored, explained, steered and decided again
``plan``        placements alone, without a simulated year
``start_state`` bookings and orders that a run begins from
``ensemble``    many replications over many processes or machines
``run``         run(scenario): the whole model on one screen
``accounts``    what a scenario costs and gives, and who pays; ``benefit`` its pounds and hours
``reading``     small tables read out of event logs and run folders
``summary``     the headline of a run
``results``     Results: named tables and where they come from, kept in run folders

What is done with runs:

``comparing``   runs side by side: what differs, for whom, and whether it can be told apart
``studies``     questions asked beside a run; ``stored_studies`` finds their folders
``display``     tables, words and pictures that the app and the report share
``report``      one self-contained page of a run
``export``      tables as files; ``circulation`` is what tables need before they may leave
``validation``  the model beside published figures, and the wishes fitted to them

Who asks, and how:

``cli``         the ``estate`` command; ``commands`` the long ones by name
``jobs``        what was asked of the background; ``worker`` does it in a process of its own
``drafting``    scenarios that are being written
``own_tables``  tables that a user brings
"""
