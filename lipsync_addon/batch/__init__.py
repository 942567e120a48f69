"""Many lines: read a table, see what changed since the last run, bake that here or on a cluster, report.

    table ──rows──▶ plan ──lines that changed──▶ pool or cluster ──staged files──▶ state ──▶ report

Nothing here knows how a line is baked: `worker.Worker` is handed in.
"""
