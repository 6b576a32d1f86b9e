"""The reasons why a picture gets no digit, as sentences. `Recognition.reason` is one of these."""

from fastcnn.errors import Sentence

BLANK = "the picture is blank: nothing in it stands out from the paper"
FAINT = "the contrast is too low: write with a darker pen, or photograph it in more light"
NO_LINE = "nothing in it is as large as a digit"
NO_DIGIT = "what is drawn looks like no digit"
EDGES = Sentence("the ink runs along all four edges, as a frame or a sheet does: cut the picture inside it")
FRAME = Sentence("a frame surrounds the rest of the ink: cut the picture inside it")
