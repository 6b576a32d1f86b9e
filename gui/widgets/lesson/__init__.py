"""The lesson's page and its parts: strip, views of each kind of station, player."""
