"""The tables of the model: what is held where, who is held, and how far families travel.

Modules
-------
words        the closed sets of words that tables may hold
progress     the shape of a progress report
memory       ``give_back``: memory that is no longer used, to the system
schema       the dictionary as code: what each column of each table may hold
apportion    ``largest_remainder``: whole numbers in proportion
check        ``Problem``, ``TableError``, ``check_table``: one table against the dictionary
files        ``read_cells``: the file of a table as it stands, and what is wrong with it
load         ``read_table``, ``table_names``, ``dictionary``, ``sources``: tables, checked and typed
validate     ``check_data``, ``validate_folder``: tables against each other, a folder as a whole
estate       ``Estate``, ``load_estate``, ``UnitEdit``, ``apply_unit_edits``
where        ``Where``: which establishments a setting or a rule is about
derive       the units, sessions, stations and workers worked out from the published tables
template     ``write_template``: a data folder to start from
description  the generated parts of ``docs/data.md``
population   ``Population``: one row per prisoner, a real extract or a synthetic one
synthetic    how the synthetic population is made
synthetic_validation  that population beside published figures
families     ``parties``: who travels together to visit whom
geography    home areas, the outline and great-circle distance
travel       ``TravelTimes``: minutes, miles and pounds from home area to establishment
travel_override  a user's own matrix of journeys, cell by cell
visit_cost   what one visit costs each family at each establishment
placements   the placements table, the one thing an allocation hands to the simulation
"""
