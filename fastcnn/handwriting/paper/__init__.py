"""From a photograph or a scan of paper to the ink on it: the sheet, the light, the rules, and where each pixel was."""
