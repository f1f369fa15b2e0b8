"""Data of any form -> `WaferSet`: maps, labels, lots, and what each lot is for."""
