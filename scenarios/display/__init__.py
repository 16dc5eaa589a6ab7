"""What the app and the report show alike: results in, tables, words and pictures out.

``views``     small tables out of a run's results
``wording``   numbers in plain words
``charts``    tables in, charts out
``figures``   each view as a picture, with title and note
``listings``  each view as a table with caption and headings
``markup``    tables, headline numbers and facts as escaped HTML
``templates`` the pages that the report fills in
"""
