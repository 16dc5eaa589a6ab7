"""The tables of the model: what is held where, who is held, and how far families travel.

Modules
-------
words        the closed sets of words that tables may hold
progress     the shape of a progress report
load         ``read_table``, ``table_names``, ``dictionary``, ``sources``: tables, checked and typed
validate     ``Problem``, ``TableError``, ``check_table``, ``check_data``, ``validate_folder``
estate       ``Estate``, ``load_estate``, ``Where``, ``UnitEdit``, ``apply_unit_edits``
derive       the units, sessions, stations and workers worked out from the published tables
template     ``write_template``: an empty data folder with one example row a table
population   ``Population``: one row per prisoner, a real extract or a synthetic one
families     ``parties``: who travels together to visit whom
geography    home areas, the outline and great-circle distance
travel       ``TravelTimes``: minutes, miles and pounds from home area to establishment
visit_cost   what one visit costs each family at each establishment
placements   the placements table, the one thing an allocation hands to the simulation
"""
