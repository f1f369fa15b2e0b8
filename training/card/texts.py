"""The sentences of a model card that no measurement changes."""

INTENDED = """## Intended use
Classifies a picture, for wafer maps by the pattern of the failing dies. Meant for sorting and for calling people's
attention; a person decides on what the thresholds below do not cover. Not meant for single dies, nor as the only ground
for scrapping a wafer."""

LIMITS = """## Limits
- Labels are single, although some wafers show two patterns.
- Of {errors} errors {missed} are defects called `{normal}`.
- Labels were given by people, and equal maps have been given different ones; no model can be right about both.
- Calibrated on the lots of one data set: where products, testers or periods differ, check probabilities and thresholds
  on lots of one's own, with `training.evaluate`, before anything goes by unseen.
- Wafers that pass unseen are never looked at again; the random audit sample is what shows a drift."""

NOTHING_REFUSED = "\n- Nothing is refused: a picture of anything is classified all the same."

CITED = """Copyright 2015 Jyh-Shing Roger Jang. Redistribution and use of the data set MIR-WM811K, with or without modification, are
permitted provided that redistribution in any form retains this copyright notice and this list of conditions, and that
redistribution and use in any form are accompanied by these two citations. The data set is not part of this repository.

1. Ming-Ju Wu, Jyh-Shing Roger Jang, and Jui-Long Chen, "Wafer Map Failure Pattern Recognition and Similarity
   Ranking for Large-Scale Data Sets," in IEEE Transactions on Semiconductor Manufacturing, vol. 28, no. 1,
   pp. 1-12, Feb. 2015, doi: 10.1109/TSM.2014.2364237.
2. MIR-WM811K: Dataset for wafer map failure pattern recognition, 2015, http://mirlab.org/dataset/public/"""

COMMANDS = """## Where the figures come from
`training/README.md` has the commands from the data to this bundle; the figures are in `report/`:
`test.json` by `python -m training.evaluate --split test --symmetries --against fp32.onnx`, `refusals.json` by
`python -m training.refusals --split test`, `learning_curve.json` by `python -m training.learning_curve`,
`protocols.json` by `python -m training.protocols`, `bench.json` by `make bench-model`, all else in `manifest.json` by `python -m training.export`. `make model-report` writes this page from them."""
