"""The texts and tool tips of the lesson's widgets, by their names."""

from __future__ import annotations

from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.page import Words


def page_texts() -> Words:
    """All texts of the page that do not change with what is shown."""
    return {
        "lessonTitleCaption": (tr("One picture through the network"), ""),
        "noLessonCaption": (
            tr("Show a picture or draw a digit: its way through the network is shown here. Or start a lesson above."),
            "",
        ),
        "stepBackButton": ("◀", tr("One place back (left arrow)")),
        "playButton": ("▶▶", tr("Play: move on by itself, or stop (space bar)")),
        "stepButton": ("▶", tr("One place on (right arrow)")),
        "unitBackButton": ("▲", tr("The previous filter, map or output (up arrow)")),
        "unitButton": ("▼", tr("The next filter, map or output (down arrow)")),
        "channelLessButton": ("◀", tr("The previous input map")),
        "channelMoreButton": ("▶", tr("The next input map")),
        "scaleCombo": (tr("Colours"), tr("Which numbers share one scale of colours")),
        "lessonLegend": (tr("Legend of the colours"), tr("From the smallest to the largest number of the scale")),
        "lessonSections": (tr("Parts of the lesson"), ""),
        "lessonPlane": (
            tr("What goes into the layer"),
            tr("Drag the frame; on the picture itself, a click flips a pixel"),
        ),
        "lessonConvolution": (
            tr("Window times filter"),
            tr("The numbers of the frame and of the filter, and their products"),
        ),
        "lessonPool": (tr("Window of the pooling"), tr("The numbers of the window; the one that goes on is marked")),
        "lessonAffine": (tr("Evidence"), tr("What speaks for this number and what against it; all parts add up to it")),
        "lessonSoftmax": (tr("Softmax, term by term"), tr("How scores become probabilities that add up to 100%")),
        "lessonMaps": (tr("Before and after"), tr("What the layer makes of its input")),
        "lessonStep": (tr("One step of learning"), tr("Weights − learning rate × gradient = new weights")),
        "pixelUndoButton": (tr("Undo pixel"), tr("Take back the last changed pixel")),
        "pixelRedoButton": (tr("Redo pixel"), tr("Change it again")),
        "pixelResetButton": (tr("Original"), tr("Show the picture without changes")),
        "foolButton": (
            tr("Find the one pi&xel that fools it"),
            tr("Flip each pixel, one at a time, and take the best"),
        ),
        "learnDigit": (tr("Digit to learn"), tr("The digit that the network should read in this picture")),
        "learnDigitCaption": (tr("Digit to learn"), ""),
        "learnRate": (tr("Learning rate"), tr("How far one step goes")),
        "learnRateCaption": (tr("Learning rate"), ""),
        "rivalCombo": (tr("Second network"), tr("The network to compare with")),
        "rivalCaption": (tr("Compare with"), ""),
        "epochSlider": (tr("Training epoch"), tr("The network as it was after this epoch of its training")),
        "epochCurve": (
            tr("Accuracy after each epoch"),
            tr("On pictures that were kept for validation"),
        ),
        "epochCaption": (tr("Training epoch"), ""),
        "galleryKind": (tr("Which pictures"), tr("The network's mistakes, or pictures between two digits")),
        "galleryGroup": (tr("Which digits"), tr("Two digits, and how many pictures there are")),
        "galleryList": (tr("Pictures"), tr("A click takes a picture into the lesson")),
        "galleryMeasureButton": (tr("Measure"), tr("Let the network read all 10,000 test pictures")),
        "galleryCaption": (tr("The gallery needs the answers to all test pictures: press “Measure”."), ""),
        "lessonCaption": (tr("&Lesson"), ""),
        "lessonCombo": (tr("Lesson"), tr("A lesson leads through the page, step by step")),
        "lessonStartButton": (tr("&Start"), tr("Start this lesson")),
        "lessonOpenButton": (tr("Open …"), tr("Open a lesson file")),
        "lessonBackButton": (tr("Back"), tr("The previous step")),
        "lessonNextButton": (tr("Next"), tr("The next step")),
        "lessonSheetButton": (tr("Worksheet …"), tr("Write a worksheet for this lesson to a PDF")),
        "lessonEndButton": (tr("End"), tr("End this lesson")),
    }
