"""The reasons why a picture gets no digit, as sentences. `Recognition.reason` is one of these."""

BLANK = "the picture is blank: nothing in it stands out from the paper"
NO_DIGIT = "what is drawn looks like no digit"
EDGES = "the ink runs along all four edges, as a frame or a sheet does: cut the picture inside it"
FRAME = "a frame surrounds the rest of the ink: cut the picture inside it"
