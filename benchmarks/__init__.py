"""Search spaces and their ground truths, one folder each."""

BUILTIN = {
    "nb201": ".nb201.space:NasBench201",
}
